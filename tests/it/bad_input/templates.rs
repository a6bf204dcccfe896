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
          help: the theme has `404.html`, `account/confirm.html`, `account/form.html`, `account/home.html`, `account/message.html`, `account/sign-in.html`, `base.html`, `denied.html`, `entry.html`, `home.html`, `page.html`, `paywall.html`, `section.html`, `structured.html`, `tag.html`
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
        &expect![[r#"
            === {{ page.title }
            error: found `}` but expected `}}`
              --> templates/page.html:1:15
               |
             1 | {{ page.title }
               |               ^
            exit 1
            === <p>\n{% if page.title %}\n
            error: the template ends while something in it is still open
              --> templates/page.html:2:20
               |
             2 | {% if page.title %}
               |                    ^
              help: close what is open above: a `{% for %}` needs its `{% endfor %}`, and so on
            exit 1
            === {{ page.titel }}
            error: unknown field `titel`
              --> templates/page.html:1:4
               |
             1 | {{ page.titel }}
               |    ^^^^^^^^^^
              help: did you mean `title`?
            exit 1
            === {{ pge.title }}
            error: unknown name `pge`
              --> templates/page.html:1:4
               |
             1 | {{ pge.title }}
               |    ^^^^^^^^^
              help: did you mean `page`?
            exit 1
            === {% extends \"bse.html\" %}
            error: unknown template `bse.html`
              --> templates/page.html:1:13
               |
             1 | {% extends "bse.html" %}
               |             ^^^^^^^^
              help: did you mean `base.html`?
            exit 1
            === {% include \"nope.html\" %}
            error: unknown template `nope.html`
              --> templates/page.html:1:12
               |
             1 | {% include "nope.html" %}
               |            ^^^^^^^^^^^
            exit 1
            === {{ page.title | shout }}
            error: unknown filter `shout`
              --> templates/page.html:1:17
               |
             1 | {{ page.title | shout }}
               |                 ^^^^^
            exit 1
            === {% for x in entries %}{{ x.titel }}{% endfor %}
            exit 0
            === {{ site.extra.colour.dark }}
            error: unknown field `colour`, while rendering `content/a.md` and 1 other page
              --> templates/page.html:1:15
               |
             1 | {{ site.extra.colour.dark }}
               |               ^^^^^^
            exit 1
            === {{ page.title + 1 }}
            error: `+` requires both operands to be numbers, found `string` and `i64`, while rendering `content/a.md` and 1 other page
              --> templates/page.html:1:4
               |
             1 | {{ page.title + 1 }}
               |    ^^^^^^^^^^^^^^
            exit 1
            === {{ strings.nope }}
            error: unknown string `nope`
              --> templates/page.html:1:4
               |
             1 | {{ strings.nope }}
               |    ^^^^^^^^^^^^
              help: give it a text in `strings.yaml`
            exit 1
            === {{ page.extra.nope }}
            error: unknown field `nope`, while rendering `content/a.md` and 1 other page
              --> templates/page.html:1:15
               |
             1 | {{ page.extra.nope }}
               |               ^^^^
            exit 1
            === {{ 1 / 0 }}
            error: cannot divide by 0, while rendering `content/a.md` and 1 other page
              --> templates/page.html:1:8
               |
             1 | {{ 1 / 0 }}
               |        ^
            exit 1
            === {% else %}
            error: nothing of that kind can stand here
              --> templates/page.html:1:4
               |
             1 | {% else %}
               |    ^^^^
              help: is the tag misspelt, or its beginning missing?
            exit 1
            === {{ page[0].x }}
            error: unknown field `x`, while rendering `content/a.md` and 1 other page
              --> templates/page.html:1:4
               |
             1 | {{ page[0].x }}
               |    ^^^^^^
            exit 1
            === {{ paywall.ways[0].title }}
            error: cannot index into an undefined value, while rendering `content/a.md` and 1 other page
              --> templates/page.html:1:4
               |
             1 | {{ paywall.ways[0].title }}
               |    ^^^^^^^
            error: `title` does not exist here, while rendering `content/b.md`
              --> templates/page.html:1:20
               |
             1 | {{ paywall.ways[0].title }}
               |                    ^^^^^
            exit 1
            === {% extends \"page.html\" %}
            error: `page.html` extends itself
              --> templates/page.html
            exit 1
            === {{ page.date.yeer }}
            error: unknown field `yeer`, while rendering `content/a.md` and 1 other page
              --> templates/page.html:1:14
               |
             1 | {{ page.date.yeer }}
               |              ^^^^
            exit 1
        "#]],
    );
}

#[test]
fn a_template_that_fails_for_one_page() {
    check(
        "---\ntitle: A\nextra: {n: x}\n---\n//- content/b.md\n---\ntitle: B\nextra: {n: 1}\n---\n//- templates/page.html\n<h1>\n  {{ page.extra.n + 1 }}\n",
        &expect![[r#"
            error: `+` requires both operands to be numbers, found `string` and `i64`, while rendering `content/a.md`
              --> templates/page.html:2:6
               |
             2 |   {{ page.extra.n + 1 }}
               |      ^^^^^^^^^^^^^^^^
            exit 1
        "#]],
    );
}

#[test]
fn themes() {
    let site = |more: &str| format!("text\n//- site.yaml\ntitle: A\nbase_url: https://a.example\n{more}");
    check_each(
        [
            "theme: nope\n",
            "theme: mein # ours\n//- themes/main/theme.yaml\n",
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
              --> site.yaml:3:8
               |
             3 | theme: nope
               |        ^^^^
              help: put it into `themes/nope/`, or leave `theme` out to use the default one
            exit 2
            === theme: mein # ours\n//- themes/main/theme.yaml\n
            error: there is no theme `mein`
              --> site.yaml:3:8
               |
             3 | theme: mein # ours
               |        ^^^^
              help: did you mean `main`?
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
