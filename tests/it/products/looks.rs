//! Paywalls with products in a browser: on a phone and on a desk, in light and in dark. `TIERPRESS_SHOTS=DIR` keeps pictures.

use crate::chromium::Browser;
use crate::fixture::Fixture;
use crate::serve::running::Serve;

const SITE: &str = "\
//- site.yaml
title: School
base_url: https://school.example
login_url: /account/
upgrade_url: /join/
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic}
    - {id: pro, title: Pro}
  bundles:
    - {id: rust-course, title: Rust from zero to a program that other people can use and understand}
  default_tier: free
products:
  - {id: basic-monthly, sells: basic, price: {amount: 900, currency: eur}, billing: {every: 1 month}, trial: {length: 14d}, buy: /buy/1}
  - {id: basic-yearly, sells: basic, price: {amount: 9000, currency: eur}, billing: {every: 1 year}, buy: /buy/2}
  - {id: pro-monthly, sells: pro, price: {amount: 129900, currency: chf}, billing: {every: 3 months}, trial: {length: 1 month, amount: 100}, buy: /buy/3}
  - {id: rust-once, sells: rust-course, price: {amount: 19900, currency: eur}, billing: once, buy: /buy/4}
  - {id: rust-plan, sells: rust-course, price: {amount: 3500, currency: eur}, billing: {every: 1 month, payments: 6}, buy: /buy/5}
//- content/lesson.md
---
title: Ownership
description: Who holds a value, and until when.
access: [pro, rust-course, basic+rust-course]
---
Every value has one owner, and when the owner goes, so does the value.

<!-- more -->

The rest.
";

/// What is wrong with what the window shows.
const FAULTS: &str = r"(() => {
  const faults = [];
  document.querySelector('tierpress-bar')?.remove();
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`it is ${wide} wide`);
  const numbers = text => text.match(/[\d.]+/g).map(Number);
  const light = c => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const shine = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\)$|transparent/.test(c)) return numbers(c); } return [255, 255, 255]; };
  const names = new Map();
  for (const e of document.querySelectorAll('.paywall .price, .paywall .button, .paywall strong')) {
    const box = e.getBoundingClientRect();
    if (box.left < 0 || box.right > innerWidth || box.height < 10) faults.push(`${e.textContent} is at ${box.left} to ${box.right}`);
    if (e.matches('.button') && box.height < 24) faults.push(`${e.textContent} is ${box.height} high`);
    const two = [shine(numbers(getComputedStyle(e).color)), shine(behind(e))].sort((a, b) => b - a);
    const contrast = (two[0] + 0.05) / (two[1] + 0.05);
    if (contrast < 4.5) faults.push(`${e.textContent} has a contrast of ${contrast}`);
    if (e.matches('.button')) {
      const name = e.getAttribute('aria-label') ?? e.textContent;
      if (!name.startsWith(e.textContent)) faults.push(`${name} is not what is seen: ${e.textContent}`);
      if ((names.get(name) ?? e.href) !== e.href) faults.push(`${name} leads to two places`);
      names.set(name, e.href);
    }
  }
  if (names.size !== 5) faults.push([...names.keys()].join());
  return faults;
})()";

#[test]
fn a_paywall_fits_every_window() {
    let fixture = Fixture::new(SITE);
    let serve = Serve::start(&fixture.root(), &[]);
    let mut browser = Browser::start();
    let mut page = browser.open(&serve.url("/lesson/"));
    for (name, width, height) in [("phone", 390, 1_500), ("desk", 1_280, 1_100)] {
        for dark in [false, true] {
            page.viewport(width, height);
            page.dark(dark);
            let faults = page.eval(FAULTS);
            assert_eq!(faults, serde_json::json!([]), "{name}, dark: {dark}");
            if let Some(folder) = std::env::var_os("TIERPRESS_SHOTS") {
                let shade = if dark { "dark" } else { "light" };
                page.screenshot(&std::path::Path::new(&folder).join(format!("{name}-{shade}.png")));
            }
        }
    }
}
