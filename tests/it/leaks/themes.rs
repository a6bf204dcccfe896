//! Themes: one that prints everything it can name, and one that says of no list that it lists it.

use super::{Built, check};

/// Every name a template has.
const EVERYTHING: &str = "\
{{ site.title }} {% for item in site.menu %}{{ item.title }} {{ item.url }} {% endfor %}
{{ page.title }} {{ page.url }} {{ page.permalink }} {{ page.description }} {{ page.form }} {{ page.kind }} {{ page.image }}
{{ page.content }} {{ page.word_count }} {{ page.reading_time }} {{ page.categories | join }} {{ page.weight }}
{% for tag in page.tags %}{{ tag.title }} {{ tag.url }} {% endfor %}
{% if page.date %}{{ page.date.iso }}{% endif %}{% if page.updated %}{{ page.updated.iso }}{% endif %}
{% for heading in page.toc %}{{ heading.title }} {{ heading.id }} {% for child in heading.children %}{{ child.title }} {% endfor %}{% endfor %}
{% if page.extra %}{% for key, value in page.extra %}{{ key }}={{ value }} {% endfor %}{% endif %}
{% if section %}{{ section.title }} {{ section.url }}{% endif %}
{% for link in ancestors %}{{ link.title }} {{ link.url }} {% endfor %}
{% for entry in entries %}{{ entry.title }} {{ entry.url }} {{ entry.permalink }} {{ entry.description }} {{ entry.summary }} {{ entry.image }}
{{ entry.categories | join }} {% for tag in entry.tags %} {{ tag.title }} {{ tag.url }} {% endfor %} {% if entry.lock %}{{ entry.lock.label }}{% endif %}{% endfor %}
{% for entry in siblings %}{{ entry.title }} {{ entry.url }} {{ entry.description }} {{ entry.summary }} {% endfor %}
{% for each in named %}{{ each.link.title }} {{ each.link.url }} {{ each.description }} {% for entry in each.entries %}{{ entry.title }} {{ entry.url }} {{ entry.summary }} {% endfor %}{% endfor %}
{% for tag in tags %}{{ tag.title }} {{ tag.url }} {% endfor %}
{% if previous %}{{ previous.title }} {{ previous.url }}{% endif %}{% if next %}{{ next.title }} {{ next.url }}{% endif %}
{% if paywall %}{{ paywall.state }}{% for way in paywall.ways %}{% for offer in way.needs %}{{ offer.title }}{% endfor %}{% endfor %}{% endif %}
{% for url in unlock %}{{ url }}{% endfor %}
";

const CONTENT: &str = "\
//- content/_index.md
---
title: Home
---
//- content/course/_index.md
---
title: zqcourse
description: zqcoursedesc
access: public
cascade: {access: course}
---
zqlanding
//- content/course/01-a.md
---
title: zqa
description: zqadesc
tags: [zqatag]
categories: [zqacategory]
note: zqaextra
---
zqalead

<!-- more -->

## zqaheading

zqabody
//- content/course/02-b.md
---
title: zqb
description: zqbdesc
tags: [zqbtag]
categories: [zqbcategory]
note: zqbextra
image: /zqb.png
hidden: true
---
zqblead

<!-- more -->

## zqbheading
//- content/course/03-c.md
---
title: zqc
release: 2026-12-10
tags: [zqctag]
---
zqcbody
//- content/course/04-d.md
---
title: zqd
access: public
note: zqdextra
---
# zqdheading

zqdbody
//- content/secret/_index.md
---
title: zqsecret
description: zqsecretdesc
access: pro
hidden: true
---
zqsecretbody
//- content/secret/e.md
---
title: zqe
---
zqebody
//- content/secret/f.md
---
title: zqf
hidden: false
access: public
---
zqfbody
";

const TABLE: &str = "
visitor: course coursedesc landing a adesc atag acategory alead d dextra dheading dbody f fbody
basic: course coursedesc landing a adesc atag acategory alead d dextra dheading dbody f fbody
pro: course coursedesc landing a adesc atag acategory alead d dextra dheading dbody f fbody secret secretdesc secretbody e ebody
course: course coursedesc landing a adesc atag acategory alead aextra aheading abody b bdesc btag bcategory bextra blead bheading \
d dextra dheading dbody f fbody
visitor@2026-12-10: course coursedesc landing a adesc atag acategory alead c ctag d dextra dheading dbody f fbody
course@2026-12-10: course coursedesc landing a adesc atag acategory alead aextra aheading abody b bdesc btag bcategory bextra \
blead bheading c ctag cbody d dextra dheading dbody f fbody
";

/// The site with a theme whose one template prints everything.
fn site(manifest: &str) -> String {
    let settings = super::SITE.to_owned() + "theme: all\n";
    format!(
        "//- site.yaml\n{settings}//- themes/all/theme.yaml\n{manifest}//- themes/all/strings.yaml\n\
         //- themes/all/templates/page.html\n{EVERYTHING}{CONTENT}//- static/zqb.png\nx\n"
    )
}

#[test]
fn a_theme_that_asks_for_everything_gets_no_more_than_its_reader() {
    let manifest = "name: All\ntemplates:\n  page.html:\n    lists: [entries, ancestors, siblings, previous_next, tags]\n    \
                    sections: [course, secret, '']\n";
    // A file in `static/` is everybody's.
    let table: Vec<String> =
        TABLE.trim().lines().map(|line| line.replacen(": course", ": b.png course", 1).replace("b.png", "b")).collect();
    let text = site(manifest).replace("/zqb.png", "/plain.png").replace("static/zqb.png", "static/plain.png");
    let table = table.join("\n").replace(": b course", ": course");
    check(&text, &table);
}

#[test]
fn what_a_theme_does_not_declare_stays_empty() {
    let text = site("name: All\n").replace("/zqb.png", "/plain.png").replace("static/zqb.png", "static/plain.png");
    let built = check(&text, TABLE);
    for (reader, path) in [("visitor", "/"), ("visitor", "/course/"), ("course", "/course/"), ("visitor", "/course/d/")]
    {
        let (_, page) = built.get(reader, path);
        let page =
            page.replace("zqcourse", "").replace("zqdheading", "").replace("zqdextra", "").replace("zqdbody", "");
        for word in ["zqa", "zqb ", "zqc ", "zqf"] {
            assert!(!page.contains(word), "{word} on {path} for {reader}: {page}");
        }
    }
}

#[test]
fn the_default_theme_leaks_nothing_of_it_either() {
    let text = format!("{CONTENT}//- static/plain.png\nx\n").replace("/zqb.png", "/plain.png");
    let shown = |line: &str| {
        let hidden = ["acategory", "bcategory", "aextra", "bextra", "dextra"];
        line.split(' ').filter(|word| !hidden.contains(word)).collect::<Vec<_>>().join(" ")
    };
    let table: Vec<String> = TABLE.trim().lines().map(shown).collect();
    Built::new(&text).check(&table.join("\n"));
}
