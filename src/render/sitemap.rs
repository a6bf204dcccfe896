//! `sitemap.xml` (sitemaps.org protocol 0.9) and `robots.txt` (RFC 9309).
//!
//! The sitemap names what everybody may know of, now or, in a later variant, from a release on.

use crate::escape::push_escaped;
use crate::path::encode;
use crate::plan::view::View;

/// The sitemap as a view shows it.
#[must_use]
pub fn sitemap(base_url: &str, view: &View<'_>) -> String {
    let mut entries: Vec<(String, Option<String>)> = Vec::new();
    for entry in view.listed().into_iter().filter_map(|child| view.entry(child)) {
        let date = entry.open().and_then(|open| open.updated.or(open.date));
        entries.push((entry.url().to_owned(), date.map(|date| date.civil.date().to_string())));
    }
    entries.extend(view.tags().into_iter().map(|(_, url)| (url.to_owned(), None)));
    entries.sort();
    entries.dedup();
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for (url, date) in entries {
        xml.push_str("<url><loc>");
        push_escaped(&mut xml, base_url);
        push_escaped(&mut xml, &encode(&url));
        xml.push_str("</loc>");
        if let Some(date) = date {
            xml.push_str("<lastmod>");
            xml.push_str(&date);
            xml.push_str("</lastmod>");
        }
        xml.push_str("</url>\n");
    }
    xml.push_str("</urlset>\n");
    xml
}

/// What crawlers are told.
#[must_use]
pub fn robots(base_url: &str) -> String {
    format!("User-agent: *\nAllow: /\nSitemap: {base_url}/sitemap.xml\n")
}
