//! Templates, strings and themes that are missing or broken.

use expect_test::expect;

use super::{check, check_each};

#[test]
fn a_template_that_is_missing() {
    check(
        "---\ntemplate: lesson.html\n---\n//- content/b.md\n---\ntemplate: pge.html\n---\n",
        &expect![[r#"
        error: unknown template `lesson.html`
          --> content/a.md:2:11
           |
         2 | template: lesson.html
           |           ^^^^^^^^^^^
          help: the theme has `404.html`, `base.html`, `denied.html`, `entry.html`, `home.html`, `page.html`, `paywall.html`, `section.html`, `structured.html`, `tag.html`
        error: unknown template `pge.html`
          --> content/b.md:2:11
           |
         2 | template: pge.html
           |           ^^^^^^^^
          help: did you mean `page.html`?
        exit 1
    "#]],
    );
}

#[test]
fn templates_that_are_broken() {
    check_each(
        [
            "{{ page.title }",
            "<p>\n{% if page.title %}\n",
            "{{ page.titel }}",
            "{{ pge.title }}",
            "{% extends \"bse.html\" %}",
            "{% include \"nope.html\" %}",
            "{{ page.title | shout }}",
            "{% for x in entries %}{{ x.titel }}{% endfor %}",
            "{{ site.extra.colour.dark }}",
            "{{ page.title + 1 }}",
            "{{ strings.nope }}",
            "{{ page.extra.nope }}",
            "{{ 1 / 0 }}",
            "{% else %}",
            "{{ page[0].x }}",
            "{{ paywall.ways[0].title }}",
            "{% extends \"page.html\" %}",
            "{{ page.date.yeer }}",
        ],
        |template| {
            format!(
                "---\ntitle: A\n---\n//- content/b.md\n---\ntitle: B\naccess: pro\n---\n//- templates/page.html\n{template}"
            )
        },
        &expect![[""]],
    );
}

#[test]
fn a_template_that_fails_for_one_page() {
    check(
        "---\ntitle: A\nextra: {n: x}\n---\n//- content/b.md\n---\ntitle: B\nextra: {n: 1}\n---\n//- templates/page.html\n<h1>\n  {{ page.extra.n + 1 }}\n",
        &expect![[""]],
    );
}

#[test]
fn themes() {
    let site = |more: &str| format!("text\n//- site.yaml\ntitle: A\nbase_url: https://a.example\n{more}");
    check_each(
        [
            "theme: nope\n",
            "theme: ../x\n",
            "theme: t\n//- themes/t/theme.yaml\nnope: 1\n",
            "theme: t\n//- themes/t/templates/page.html\nx\n",
            "theme: t\n//- themes/t/theme.yaml\nlists: [\n",
            "//- strings.yaml\nnope: x\n",
            "//- strings.yaml\nread_more: [a]\n",
            "//- strings.yaml\na: \"b\n",
            "//- templates/page.txt\nx\n",
        ],
        site,
        &expect![[r#"
            === theme: nope\n
            error: there is no theme `nope`
              --> site.yaml
              help: put it into `themes/nope/`, or leave `theme` out to use the default one
            exit 2
            === theme: ../x\n
            error: `../x` is no name of a theme
              --> site.yaml:3:8
               |
             3 | theme: ../x
               |        ^^^^
              help: a theme is named by its folder below `themes/`
            exit 2
            === theme: t\n//- themes/t/theme.yaml\nnope: 1\n
            error: the theme has no template `page.html`
            error: unknown key `nope`
              --> themes/t/theme.yaml:1:1
               |
             1 | nope: 1
               | ^^^^
              help: known are `description`, `name`, `templates`
            exit 1
            === theme: t\n//- themes/t/templates/page.html\nx\n
            exit 0
            === theme: t\n//- themes/t/theme.yaml\nlists: [\n
            error: the theme has no template `page.html`
            error: `themes/t/theme.yaml` cannot be read: did not find expected node content
              --> themes/t/theme.yaml:2:1
            exit 1
            === //- strings.yaml\nnope: x\n
            warning: no template uses the string `nope`
              --> strings.yaml:1:1
               |
             1 | nope: x
               | ^^^^
            exit 0
            === //- strings.yaml\nread_more: [a]\n
            error: `read_more` is not a text
              --> strings.yaml:1:1
               |
             1 | read_more: [a]
               | ^^^^^^^^^
              help: put the text in quotes
            exit 1
            === //- strings.yaml\na: \"b\n
            error: `strings.yaml` cannot be read: found unexpected end of stream
              --> strings.yaml:2:1
            exit 1
            === //- templates/page.txt\nx\n
            exit 0
        "#]],
    );
}
