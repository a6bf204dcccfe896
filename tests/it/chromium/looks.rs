//! What every page must be, whatever stands on it: no wider than its window, with names for what can be typed into and
//! pressed, and with words that can be read. `TIERPRESS_SHOTS=DIR` keeps pictures.

use super::Page;

/// What is wrong with what the window shows (WCAG 2.2: 1.4.3, 1.4.10, 2.5.8, 4.1.2).
const FAULTS: &str = r"(() => {
  const faults = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`it is ${wide} wide`);
  if (document.querySelectorAll('h1').length !== 1) faults.push('it has not one heading');
  if (!document.documentElement.lang || !document.title) faults.push('it has no language or no title');
  const seen = e => e.checkVisibility() && e.getBoundingClientRect().bottom > 0;
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!e.labels.length) faults.push(`${e.name} has no label`);
  for (const e of document.querySelectorAll('a, button')) {
    const box = e.getBoundingClientRect();
    if (!(e.getAttribute('aria-label') ?? e.textContent).trim()) faults.push(`${e.outerHTML} has no name`);
    if (seen(e) && e.matches('button, .button, li a') && box.height < 24) faults.push(`${e.textContent} is ${box.height} high`);
  }
  const numbers = text => text.match(/[\d.]+/g).map(Number);
  const light = c => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const shine = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\)$|transparent/.test(c)) return numbers(c); } return [255, 255, 255]; };
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !seen(e)) continue;
    const box = e.getBoundingClientRect();
    if (box.left < 0 || box.right > innerWidth + 0.5) faults.push(`${e.textContent} is at ${box.left} to ${box.right}`);
    const two = [shine(numbers(getComputedStyle(e).color)), shine(behind(e))].sort((a, b) => b - a);
    const contrast = (two[0] + 0.05) / (two[1] + 0.05);
    if (contrast < 4.5) faults.push(`${e.textContent} has a contrast of ${contrast}`);
  }
  return faults;
})()";

/// Looks at a page on a phone and on a desk, in light and in dark.
#[track_caller]
pub(crate) fn look(page: &mut Page, name: &str) {
    for (width, height, dark) in [(390, 844, false), (390, 844, true), (1280, 900, true), (1280, 900, false)] {
        page.viewport(width, height);
        page.dark(dark);
        let mode = if dark { "dark" } else { "light" };
        assert_eq!(page.eval(FAULTS), serde_json::json!([]), "{name}, {width} wide, {mode}");
        if let Some(folder) = std::env::var_os("TIERPRESS_SHOTS") {
            page.screenshot(&std::path::Path::new(&folder).join(format!("{name}-{width}-{mode}.png")));
        }
    }
}
