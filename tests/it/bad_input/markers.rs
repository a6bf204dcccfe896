//! Gate markers and the divider: every way to write one wrong.

use expect_test::expect;

use super::check_bodies;

#[test]
fn markers_written_wrong() {
    check_bodies(
        [
            "<!-- Access: pro -->\nx\n\n<!-- /access -->\n",
            "<!--access: pro-->\n\nx\n\n<!-- /access -->\n",
            "<!-- access:pro -->\n\nx\n",
            "<!-- access : pro -->\n\nx\n",
            "<!--  access: pro -->\n\nx\n",
            "<!-- access: pro-->\n\nx\n",
            "<!-- acess: pro -->\n\nx\n",
            "<!-- accss: pro -->\n\nx\n",
            "<!-- access pro -->\n\nx\n",
            "<!-- access -->\n\nx\n",
            "<!-- access: -->\n\nx\n",
            "<!-- access:  -->\n\nx\n",
            "<!--- access: pro --->\n\nx\n",
            "<!-- access: pro ->\n\nx\n",
            "<! -- access: pro -->\n\nx\n",
            "<!-- access:\n  pro -->\n\nx\n",
            "<!-- access = pro -->\n\nx\n",
            "<!-- accesss: pro; hidden -->\n",
        ],
        &expect![[r#"
            === <!-- Access: pro -->\nx\n\n<!-- /access -->\n
            error: `<!-- Access: pro -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- Access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!--access: pro-->\n\nx\n\n<!-- /access -->\n
            error: `<!--access: pro-->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!--access: pro-->
               | ^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- access:pro -->\n\nx\n
            error: `<!-- access:pro -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access:pro -->
               | ^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- access : pro -->\n\nx\n
            error: `<!-- access : pro -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access : pro -->
               | ^^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!--  access: pro -->\n\nx\n
            error: `<!--  access: pro -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!--  access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- access: pro-->\n\nx\n
            error: `<!-- access: pro-->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access: pro-->
               | ^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- acess: pro -->\n\nx\n
            error: `<!-- acess: pro -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- acess: pro -->
               | ^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- accss: pro -->\n\nx\n
            error: `<!-- accss: pro -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- accss: pro -->
               | ^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- access pro -->\n\nx\n
            error: `<!-- access pro -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access pro -->
               | ^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: TAGS -->` to open a block, `<!-- /access -->` to close it
            exit 1
            === <!-- access -->\n\nx\n
            error: `<!-- access -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access -->
               | ^^^^^^^^^^^^^^^
              help: write `<!-- access: TAGS -->` to open a block, `<!-- /access -->` to close it
            exit 1
            === <!-- access: -->\n\nx\n
            error: `<!-- access: -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access: -->
               | ^^^^^^^^^^^^^^^^
              help: write `<!-- access: TAGS -->`, whole, on a line of its own
            exit 1
            === <!-- access:  -->\n\nx\n
            error: this gated block is never closed
              --> content/a.md:4:1
               |
             4 | <!-- access:  -->
               | ^^^^^^^^^^^^^^^^^
              help: write `<!-- /access -->` where it ends
            error: a tier or bundle is missing
              --> content/a.md:4:14
               |
             4 | <!-- access:  -->
               |              ^
              help: a tag is `id`, `id+id`, `public` or `members`
            exit 1
            === <!--- access: pro --->\n\nx\n
            error: `<!--- access: pro --->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!--- access: pro --->
               | ^^^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- access: pro ->\n\nx\n
            error: `<!-- access: pro -> …` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access: pro ->
               | ^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: TAGS -->`, whole, on a line of its own
            exit 1
            === <! -- access: pro -->\n\nx\n
            error: `<! -- access: pro -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <! -- access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- access:\n  pro -->\n\nx\n
            error: `<!-- access: …` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access:
               | ^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- access = pro -->\n\nx\n
            error: `<!-- access = pro -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access = pro -->
               | ^^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <!-- accesss: pro; hidden -->\n
            error: `<!-- accesss: pro; hidden -->` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- accesss: pro; hidden -->
               | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro; hidden -->`, whole, on a line of its own
            exit 1
        "#]],
    );
}

#[test]
fn ends_and_dividers_written_wrong() {
    check_bodies(
        [
            "<!-- access: pro -->\n\nx\n\n<!-- /Access -->\n",
            "<!-- access: pro -->\n\nx\n\n<!--/access-->\n",
            "<!-- access: pro -->\n\nx\n\n<!-- /acces -->\n",
            "<!-- access: pro -->\n\nx\n\n<!-- / access -->\n",
            "<!-- access: pro -->\n\nx\n\n<!-- \\access -->\n",
            "<!-- access: pro -->\n\nx\n\n<!-- end access -->\n",
            "<!-- access: pro -->\n\nx\n\n<!-- /access: pro -->\n",
            "<!-- access: pro -->\n\nx\n\n<!-- access -->\n",
            "x\n\n<!-- More -->\n\ny\n",
            "x\n\n<!--  more  -->\n\ny\n",
            "x\n\n<!-- moer -->\n\ny\n",
            "x\n\n<!--more -->\n\ny\n",
            "x\n\n<!-- read more -->\n\ny\n",
            "x\n\n<!-- mre -->\n\ny\n",
            "x\n\n<!-- no more -->\n\ny\n",
            "x\n\n<!-- more about it -->\n\ny\n",
        ],
        &expect![[r#"
            === <!-- access: pro -->\n\nx\n\n<!-- /Access -->\n
            error: `<!-- /Access -->` looks like a marker and is none
              --> content/a.md:8:1
               |
             8 | <!-- /Access -->
               | ^^^^^^^^^^^^^^^^
              help: write `<!-- /access -->`, on a line of its own
            exit 1
            === <!-- access: pro -->\n\nx\n\n<!--/access-->\n
            error: `<!--/access-->` looks like a marker and is none
              --> content/a.md:8:1
               |
             8 | <!--/access-->
               | ^^^^^^^^^^^^^^
              help: write `<!-- /access -->`, on a line of its own
            exit 1
            === <!-- access: pro -->\n\nx\n\n<!-- /acces -->\n
            error: `<!-- /acces -->` looks like a marker and is none
              --> content/a.md:8:1
               |
             8 | <!-- /acces -->
               | ^^^^^^^^^^^^^^^
              help: write `<!-- /access -->`, on a line of its own
            exit 1
            === <!-- access: pro -->\n\nx\n\n<!-- / access -->\n
            error: `<!-- / access -->` looks like a marker and is none
              --> content/a.md:8:1
               |
             8 | <!-- / access -->
               | ^^^^^^^^^^^^^^^^^
              help: write `<!-- /access -->`, on a line of its own
            exit 1
            === <!-- access: pro -->\n\nx\n\n<!-- \\access -->\n
            error: `<!-- \access -->` looks like a marker and is none
              --> content/a.md:8:1
               |
             8 | <!-- \access -->
               | ^^^^^^^^^^^^^^^^
              help: write `<!-- /access -->`, on a line of its own
            exit 1
            === <!-- access: pro -->\n\nx\n\n<!-- end access -->\n
            error: `<!-- end access -->` looks like a marker and is none
              --> content/a.md:8:1
               |
             8 | <!-- end access -->
               | ^^^^^^^^^^^^^^^^^^^
              help: write `<!-- /access -->`, on a line of its own
            exit 1
            === <!-- access: pro -->\n\nx\n\n<!-- /access: pro -->\n
            error: `<!-- /access: pro -->` looks like a marker and is none
              --> content/a.md:8:1
               |
             8 | <!-- /access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- /access -->`, on a line of its own
            exit 1
            === <!-- access: pro -->\n\nx\n\n<!-- access -->\n
            error: this gated block is never closed
              --> content/a.md:4:1
               |
             4 | <!-- access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- /access -->` where it ends
            error: `<!-- access -->` looks like a marker and is none
              --> content/a.md:8:1
               |
             8 | <!-- access -->
               | ^^^^^^^^^^^^^^^
              help: write `<!-- access: TAGS -->` to open a block, `<!-- /access -->` to close it
            exit 1
            === x\n\n<!-- More -->\n\ny\n
            error: `<!-- More -->` looks like a marker and is none
              --> content/a.md:6:1
               |
             6 | <!-- More -->
               | ^^^^^^^^^^^^^
              help: write `<!-- more -->`, on a line of its own
            exit 1
            === x\n\n<!--  more  -->\n\ny\n
            error: `<!--  more  -->` looks like a marker and is none
              --> content/a.md:6:1
               |
             6 | <!--  more  -->
               | ^^^^^^^^^^^^^^^
              help: write `<!-- more -->`, on a line of its own
            exit 1
            === x\n\n<!-- moer -->\n\ny\n
            error: `<!-- moer -->` looks like a marker and is none
              --> content/a.md:6:1
               |
             6 | <!-- moer -->
               | ^^^^^^^^^^^^^
              help: write `<!-- more -->`, on a line of its own
            exit 1
            === x\n\n<!--more -->\n\ny\n
            error: `<!--more -->` looks like a marker and is none
              --> content/a.md:6:1
               |
             6 | <!--more -->
               | ^^^^^^^^^^^^
              help: write `<!-- more -->`, on a line of its own
            exit 1
            === x\n\n<!-- read more -->\n\ny\n
            exit 0
            === x\n\n<!-- mre -->\n\ny\n
            error: `<!-- mre -->` looks like a marker and is none
              --> content/a.md:6:1
               |
             6 | <!-- mre -->
               | ^^^^^^^^^^^^
              help: write `<!-- more -->`, on a line of its own
            exit 1
            === x\n\n<!-- no more -->\n\ny\n
            exit 0
            === x\n\n<!-- more about it -->\n\ny\n
            exit 0
        "#]],
    );
}

#[test]
fn markers_that_are_swallowed() {
    check_bodies(
        [
            "<div>\n<!-- access: pro -->\nx\n<!-- /access -->\n</div>\n",
            "</p>\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n",
            "[^1]\n\n[^1]: note\n\n    <!-- access: pro -->\n\n    x\n\n    <!-- /access -->\n",
            "[^1]\n\n[^1]: note\n<!-- more -->\n",
            "- item\n\n  <!-- access: pro -->\n\n  x\n\n  <!-- /access -->\n",
            "> quote\n>\n> <!-- access: pro -->\n>\n> x\n>\n> <!-- /access -->\n",
            "> [!NOTE]\n> <!-- access: pro -->\n",
            "| a | b |\n|---|---|\n| <!-- access: pro --> | x |\n",
            "| a | b |\n|---|---|\n| 1 | 2 |\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n",
            "a paragraph <!-- access: pro --> goes on <!-- /access -->\n",
            "a paragraph\n<!-- more -->\n\ny\n",
            "term\n: <!-- access: pro -->\n\n  x\n",
            "# heading <!-- more -->\n",
            "heading <!-- access: pro -->\n=======\n",
            "- item\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro --> text on the line\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro --><!-- /access -->\n",
            "<!-- more --><p>x</p>\n",
            "<!-- a note --> <!-- more -->\n",
            "<!-- a note\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n",
            "<pre>\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n</pre>\n",
            "<script>\n<!-- more -->\n</script>\n",
            "**bold <!-- more -->**\n",
            "[link <!-- more -->](https://example.org)\n",
            "![alt <!-- more -->](https://example.org/a.png)\n",
            "- [ ] <!-- more -->\n",
            "<?php\n<!-- more -->\n?>\n",
            "<![CDATA[\n<!-- more -->\n]]>\n",
            "\\<!-- access: pro -->\n\nx\n",
            "&lt;!-- access: pro --&gt;\n",
            "[a]: https://example.org '<!-- more -->'\n",
            "$<!-- more -->$\n",
        ],
        &expect![[r#"
            === <div>\n<!-- access: pro -->\nx\n<!-- /access -->\n</div>\n
            error: the marker `<!-- access: pro -->` is swallowed by raw HTML
              --> content/a.md:5:1
               |
             5 | <!-- access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- /access -->` is swallowed by raw HTML
              --> content/a.md:7:1
               |
             7 | <!-- /access -->
               | ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === </p>\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n
            error: the marker `<!-- access: pro -->` is swallowed by raw HTML
              --> content/a.md:5:1
               |
             5 | <!-- access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === [^1]\n\n[^1]: note\n\n    <!-- access: pro -->\n\n    x\n\n    <!-- /access -->\n
            error: the marker `<!-- access: pro -->` is swallowed by a footnote
              --> content/a.md:8:5
               |
             8 |     <!-- access: pro -->
               |     ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- /access -->` is swallowed by a footnote
              --> content/a.md:12:5
                |
             12 |     <!-- /access -->
                |     ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === [^1]\n\n[^1]: note\n<!-- more -->\n
            exit 0
            === - item\n\n  <!-- access: pro -->\n\n  x\n\n  <!-- /access -->\n
            error: the marker `<!-- access: pro -->` is swallowed by a list
              --> content/a.md:6:3
               |
             6 |   <!-- access: pro -->
               |   ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- /access -->` is swallowed by a list
              --> content/a.md:10:3
                |
             10 |   <!-- /access -->
                |   ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === > quote\n>\n> <!-- access: pro -->\n>\n> x\n>\n> <!-- /access -->\n
            error: the marker `<!-- access: pro -->` is swallowed by a quote
              --> content/a.md:6:3
               |
             6 | > <!-- access: pro -->
               |   ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- /access -->` is swallowed by a quote
              --> content/a.md:10:3
                |
             10 | > <!-- /access -->
                |   ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === > [!NOTE]\n> <!-- access: pro -->\n
            error: the marker `<!-- access: pro -->` is swallowed by a quote
              --> content/a.md:5:3
               |
             5 | > <!-- access: pro -->
               |   ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === | a | b |\n|---|---|\n| <!-- access: pro --> | x |\n
            error: the marker `<!-- access: pro -->` is swallowed by a table
              --> content/a.md:6:3
               |
             6 | | <!-- access: pro --> | x |
               |   ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === | a | b |\n|---|---|\n| 1 | 2 |\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n
            exit 0
            === a paragraph <!-- access: pro --> goes on <!-- /access -->\n
            error: the marker `<!-- access: pro -->` is swallowed by a paragraph
              --> content/a.md:4:13
               |
             4 | a paragraph <!-- access: pro --> goes on <!-- /access -->
               |             ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- /access -->` is swallowed by a paragraph
              --> content/a.md:4:42
               |
             4 | a paragraph <!-- access: pro --> goes on <!-- /access -->
               |                                          ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === a paragraph\n<!-- more -->\n\ny\n
            exit 0
            === term\n: <!-- access: pro -->\n\n  x\n
            error: the marker `<!-- access: pro -->` is swallowed by a definition list
              --> content/a.md:5:3
               |
             5 | : <!-- access: pro -->
               |   ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === # heading <!-- more -->\n
            error: the marker `<!-- more -->` is swallowed by a heading
              --> content/a.md:4:11
               |
             4 | # heading <!-- more -->
               |           ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === heading <!-- access: pro -->\n=======\n
            error: the marker `<!-- access: pro -->` is swallowed by a heading
              --> content/a.md:4:9
               |
             4 | heading <!-- access: pro -->
               |         ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === - item\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n
            exit 0
            === <!-- access: pro --> text on the line\n\nx\n\n<!-- /access -->\n
            error: the marker `<!-- access: pro -->` is swallowed by raw HTML
              --> content/a.md:4:1
               |
             4 | <!-- access: pro --> text on the line
               | ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === <!-- access: pro --><!-- /access -->\n
            error: the marker `<!-- access: pro -->` is swallowed by raw HTML
              --> content/a.md:4:1
               |
             4 | <!-- access: pro --><!-- /access -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- /access -->` is swallowed by raw HTML
              --> content/a.md:4:21
               |
             4 | <!-- access: pro --><!-- /access -->
               |                     ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === <!-- more --><p>x</p>\n
            error: the marker `<!-- more -->` is swallowed by raw HTML
              --> content/a.md:4:1
               |
             4 | <!-- more --><p>x</p>
               | ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === <!-- a note --> <!-- more -->\n
            error: the marker `<!-- more -->` is swallowed by raw HTML
              --> content/a.md:4:17
               |
             4 | <!-- a note --> <!-- more -->
               |                 ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === <!-- a note\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n
            error: the marker `<!-- access: pro -->` is swallowed by the comment that begins above it
              --> content/a.md:5:1
               |
             5 | <!-- access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === <pre>\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n</pre>\n
            error: the marker `<!-- access: pro -->` is swallowed by raw HTML
              --> content/a.md:5:1
               |
             5 | <!-- access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- /access -->` is swallowed by raw HTML
              --> content/a.md:9:1
               |
             9 | <!-- /access -->
               | ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === <script>\n<!-- more -->\n</script>\n
            error: the marker `<!-- more -->` is swallowed by raw HTML
              --> content/a.md:5:1
               |
             5 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === **bold <!-- more -->**\n
            error: the marker `<!-- more -->` is swallowed by a paragraph
              --> content/a.md:4:8
               |
             4 | **bold <!-- more -->**
               |        ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === [link <!-- more -->](https://example.org)\n
            error: the marker `<!-- more -->` is swallowed by a paragraph
              --> content/a.md:4:7
               |
             4 | [link <!-- more -->](https://example.org)
               |       ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === ![alt <!-- more -->](https://example.org/a.png)\n
            error: the marker `<!-- more -->` is swallowed by a paragraph
              --> content/a.md:4:7
               |
             4 | ![alt <!-- more -->](https://example.org/a.png)
               |       ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === - [ ] <!-- more -->\n
            error: the marker `<!-- more -->` is swallowed by a list
              --> content/a.md:4:7
               |
             4 | - [ ] <!-- more -->
               |       ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === <?php\n<!-- more -->\n?>\n
            error: the marker `<!-- more -->` is swallowed by raw HTML
              --> content/a.md:5:1
               |
             5 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === <![CDATA[\n<!-- more -->\n]]>\n
            error: the marker `<!-- more -->` is swallowed by raw HTML
              --> content/a.md:5:1
               |
             5 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === \\<!-- access: pro -->\n\nx\n
            exit 0
            === &lt;!-- access: pro --&gt;\n
            exit 0
            === [a]: https://example.org \'<!-- more -->\'\n
            error: the marker `<!-- more -->` is swallowed by what stands around it
              --> content/a.md:4:27
               |
             4 | [a]: https://example.org '<!-- more -->'
               |                           ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === $<!-- more -->$\n
            error: the marker `<!-- more -->` is swallowed by what stands around it
              --> content/a.md:4:2
               |
             4 | $<!-- more -->$
               |  ^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
        "#]],
    );
}

#[test]
fn markers_that_are_indented() {
    check_bodies(
        [
            " <!-- access: pro -->\n\nx\n\n<!-- /access -->\n",
            "   <!-- more -->\n",
            "<!-- access: pro -->\n\nx\n\n  <!-- /access -->\n",
            "\t<!-- more -->\n",
            "    <!-- access: pro -->\n",
        ],
        &expect![[r#"
            ===  <!-- access: pro -->\n\nx\n\n<!-- /access -->\n
            error: the marker `<!-- access: pro -->` is indented
              --> content/a.md:4:2
               |
             4 |  <!-- access: pro -->
               |  ^^^^^^^^^^^^^^^^^^^^
              help: write it at the start of its line
            exit 1
            ===    <!-- more -->\n
            error: the marker `<!-- more -->` is indented
              --> content/a.md:4:4
               |
             4 |    <!-- more -->
               |    ^^^^^^^^^^^^^
              help: write it at the start of its line
            exit 1
            === <!-- access: pro -->\n\nx\n\n  <!-- /access -->\n
            error: the marker `<!-- /access -->` is indented
              --> content/a.md:8:3
               |
             8 |   <!-- /access -->
               |   ^^^^^^^^^^^^^^^^
              help: write it at the start of its line
            exit 1
            === \t<!-- more -->\n
            exit 0
            ===     <!-- access: pro -->\n
            error: the marker `<!-- access: pro -->` is indented so far that it is code
              --> content/a.md:4:5
               |
             4 |     <!-- access: pro -->
               |     ^^^^^^^^^^^^^^^^^^^^
              help: write it at the start of its line; an example of a marker stands between two lines of three backticks
            exit 1
        "#]],
    );
}

#[test]
fn blocks_that_do_not_close() {
    check_bodies(
        [
            "<!-- access: pro -->\n\nx\n",
            "<!-- access: pro -->\n\nx\n\n<!-- /access -->\n\n<!-- /access -->\n",
            "<!-- /access -->\n",
            "<!-- access: pro -->\n\n<!-- access: basic -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro\n\nx\n\n<!-- /access -->\n",
            "x\n\n<!-- a note that never ends\n\ny\n",
            "x\n\n<!-- access: pro -->\n\n<!-- a note\n\ny\n\n<!-- /access -->\n",
            "x <!-- access: pro\n\ny\n",
            "<div><!-- access: pro\n\nx\n",
        ],
        &expect![[r#"
            === <!-- access: pro -->\n\nx\n
            error: this gated block is never closed
              --> content/a.md:4:1
               |
             4 | <!-- access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- /access -->` where it ends
            exit 1
            === <!-- access: pro -->\n\nx\n\n<!-- /access -->\n\n<!-- /access -->\n
            error: this marker closes a block that is not open
              --> content/a.md:10:1
                |
             10 | <!-- /access -->
                | ^^^^^^^^^^^^^^^^
              help: remove it, or open the block with `<!-- access: TAGS -->` above
            exit 1
            === <!-- /access -->\n
            error: this marker closes a block that is not open
              --> content/a.md:4:1
               |
             4 | <!-- /access -->
               | ^^^^^^^^^^^^^^^^
              help: remove it, or open the block with `<!-- access: TAGS -->` above
            exit 1
            === <!-- access: pro -->\n\n<!-- access: basic -->\n\nx\n\n<!-- /access -->\n
            error: this gated block is never closed
              --> content/a.md:4:1
               |
             4 | <!-- access: pro -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: write `<!-- /access -->` where it ends
            exit 1
            === <!-- access: pro\n\nx\n\n<!-- /access -->\n
            error: `<!-- access: pro …` looks like a marker and is none
              --> content/a.md:4:1
               |
             4 | <!-- access: pro
               | ^^^^^^^^^^^^^^^^
              help: write `<!-- access: TAGS -->`, whole, on a line of its own
            exit 1
            === x\n\n<!-- a note that never ends\n\ny\n
            error: this comment is never closed
              --> content/a.md:6:1
               |
             6 | <!-- a note that never ends
               | ^^^^
              help: write `-->` where it ends; all text below it would vanish
            exit 1
            === x\n\n<!-- access: pro -->\n\n<!-- a note\n\ny\n\n<!-- /access -->\n
            error: the marker `<!-- /access -->` is swallowed by the comment that begins above it
              --> content/a.md:12:1
                |
             12 | <!-- /access -->
                | ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === x <!-- access: pro\n\ny\n
            error: `<!-- access: pro` looks like a marker and is none
              --> content/a.md:4:3
               |
             4 | x <!-- access: pro
               |   ^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
            === <div><!-- access: pro\n\nx\n
            error: the marker `<!-- access: pro …` is swallowed by raw HTML
              --> content/a.md:4:6
               |
             4 | <div><!-- access: pro
               |      ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
        "#]],
    );
}

#[test]
fn two_markers_close_together() {
    check_bodies(
        [
            "<!-- access: pro -->\n<!-- access: rust-course -->\nx\n<!-- /access -->\n<!-- /access -->\n",
            "<!-- access: pro -->\n\nx\n\n<!-- /access -->\n<!-- access: basic -->\n\nx\n\n<!-- /access -->\n<!-- more -->\ny\n",
            "<!-- access: pro --> <!-- access: basic -->\n\nx\n\n<!-- /access --> <!-- /access -->\n",
            "<!-- more -->\n<!-- more -->\n",
        ],
        &expect![[r#"
            === <!-- access: pro -->\n<!-- access: rust-course -->\nx\n<!-- /access -->\n<!-- /access -->\n
            exit 0
            === <!-- access: pro -->\n\nx\n\n<!-- /access -->\n<!-- access: basic -->\n\nx\n\n<!-- /access -->\n<!-- more -->\ny\n
            exit 0
            === <!-- access: pro --> <!-- access: basic -->\n\nx\n\n<!-- /access --> <!-- /access -->\n
            error: the marker `<!-- access: pro -->` is swallowed by raw HTML
              --> content/a.md:4:1
               |
             4 | <!-- access: pro --> <!-- access: basic -->
               | ^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- access: basic -->` is swallowed by raw HTML
              --> content/a.md:4:22
               |
             4 | <!-- access: pro --> <!-- access: basic -->
               |                      ^^^^^^^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- /access -->` is swallowed by raw HTML
              --> content/a.md:8:1
               |
             8 | <!-- /access --> <!-- /access -->
               | ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            error: the marker `<!-- /access -->` is swallowed by raw HTML
              --> content/a.md:8:18
               |
             8 | <!-- /access --> <!-- /access -->
               |                  ^^^^^^^^^^^^^^^^
              help: a marker stands alone on its line, at the top level, with an empty line before and after it
            exit 1
            === <!-- more -->\n<!-- more -->\n
            error: a page has one divider, and this is the second
              --> content/a.md:5:1
               |
             5 | <!-- more -->
               | ^^^^^^^^^^^^^
              --> content/a.md:4:1
               |
             4 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: remove one of them
            exit 1
        "#]],
    );
}

#[test]
fn what_markers_say() {
    check_bodies(
        [
            "<!-- access: prro, rust-course -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro, gold -->\n\nx\n\n<!-- /access -->\n\n<!-- access: , -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro, public -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; drip: 7 -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; drip: -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; drip: 40000d -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; drip: every 7d -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; drip: {pro: 7d} -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; hiden -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; hidden; hidden -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; release: 2026-12-01 -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro drip: 7d -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: public; drip: 7d -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro from 2027-01-01 until 2026-12-01 -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro since joining -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: [pro, basic] -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; -->\n\nx\n\n<!-- /access -->\n",
            "<!-- access: pro; drip: 0d -->\n\nx\n\n<!-- /access -->\n",
        ],
        &expect![[r#"
            === <!-- access: prro, rust-course -->\n\nx\n\n<!-- /access -->\n
            error: unknown tier or bundle `prro`
              --> content/a.md:4:14
               |
             4 | <!-- access: prro, rust-course -->
               |              ^^^^
              help: did you mean `pro`?
            exit 1
            === <!-- access: pro, gold -->\n\nx\n\n<!-- /access -->\n\n<!-- access: , -->\n\nx\n\n<!-- /access -->\n
            error: unknown tier or bundle `gold`
              --> content/a.md:4:19
               |
             4 | <!-- access: pro, gold -->
               |                   ^^^^
              help: there are `free`, `basic`, `pro`, `rust-course`
            error: a tier or bundle is missing
              --> content/a.md:10:14
                |
             10 | <!-- access: , -->
                |              ^
              help: a tag is `id`, `id+id`, `public` or `members`
            error: a tier or bundle is missing
              --> content/a.md:10:15
                |
             10 | <!-- access: , -->
                |               ^
              help: a tag is `id`, `id+id`, `public` or `members`
            exit 1
            === <!-- access: pro, public -->\n\nx\n\n<!-- /access -->\n
            error: a bare `public` beside another tag opens this to everybody
              --> content/a.md:4:19
               |
             4 | <!-- access: pro, public -->
               |                   ^^^^^^
              help: take it out, or give it a window: `public from 2026-12-15`
            exit 1
            === <!-- access: pro; drip: 7 -->\n\nx\n\n<!-- /access -->\n
            error: `7` is not a length: a length needs a unit
              --> content/a.md:4:25
               |
             4 | <!-- access: pro; drip: 7 -->
               |                         ^
              help: write it like `12h`, `7d` or `2w`
            exit 1
            === <!-- access: pro; drip: -->\n\nx\n\n<!-- /access -->\n
            error: `drip` is empty
              --> content/a.md:4:23
               |
             4 | <!-- access: pro; drip: -->
               |                       ^
              help: write it like `drip: 7d`
            exit 1
            === <!-- access: pro; drip: 40000d -->\n\nx\n\n<!-- /access -->\n
            error: `40000d` is not a length: a length is at most 36500 days
              --> content/a.md:4:25
               |
             4 | <!-- access: pro; drip: 40000d -->
               |                         ^^^^^^
              help: write it like `12h`, `7d` or `2w`
            exit 1
            === <!-- access: pro; drip: every 7d -->\n\nx\n\n<!-- /access -->\n
            error: `drip: every` counts the pages of a section
              --> content/a.md:4:25
               |
             4 | <!-- access: pro; drip: every 7d -->
               |                         ^^^^^^^^
              help: write a length such as `7d`; a block stands alone, so there is nothing to count
            exit 1
            === <!-- access: pro; drip: {pro: 7d} -->\n\nx\n\n<!-- /access -->\n
            error: the drip of a block counts for all who open it
              --> content/a.md:4:25
               |
             4 | <!-- access: pro; drip: {pro: 7d} -->
               |                         ^^^^^^^^^
              help: write a length such as `7d`
            exit 1
            === <!-- access: pro; hiden -->\n\nx\n\n<!-- /access -->\n
            error: `hiden` is not understood in an access marker
              --> content/a.md:4:19
               |
             4 | <!-- access: pro; hiden -->
               |                   ^^^^^
              help: after the tags stand `; drip: 7d`, `; hidden`, or both
            exit 1
            === <!-- access: pro; hidden; hidden -->\n\nx\n\n<!-- /access -->\n
            error: `hidden` is not understood in an access marker
              --> content/a.md:4:27
               |
             4 | <!-- access: pro; hidden; hidden -->
               |                           ^^^^^^
              help: after the tags stand `; drip: 7d`, `; hidden`, or both
            exit 1
            === <!-- access: pro; release: 2026-12-01 -->\n\nx\n\n<!-- /access -->\n
            error: `release: 2026-12-01` is not understood in an access marker
              --> content/a.md:4:19
               |
             4 | <!-- access: pro; release: 2026-12-01 -->
               |                   ^^^^^^^^^^^^^^^^^^^
              help: after the tags stand `; drip: 7d`, `; hidden`, or both
            exit 1
            === <!-- access: pro drip: 7d -->\n\nx\n\n<!-- /access -->\n
            error: unexpected `drip:` in a tag
              --> content/a.md:4:18
               |
             4 | <!-- access: pro drip: 7d -->
               |                  ^^^^^
              help: a tag is `id+id since joining from 2026-12-15 until 2026-12-31`; tags are parted by commas
            exit 1
            === <!-- access: public; drip: 7d -->\n\nx\n\n<!-- /access -->\n
            error: a block that anyone may open cannot drip
              --> content/a.md:4:14
               |
             4 | <!-- access: public; drip: 7d -->
               |              ^^^^^^
              help: say who it is for, or remove `drip`
            exit 1
            === <!-- access: pro from 2027-01-01 until 2026-12-01 -->\n\nx\n\n<!-- /access -->\n
            error: `until 2026-12-01` is not after `from 2027-01-01`
              --> content/a.md:4:40
               |
             4 | <!-- access: pro from 2027-01-01 until 2026-12-01 -->
               |                                        ^^^^^^^^^^
              help: this would never be open: swap the dates
            exit 1
            === <!-- access: pro since joining -->\n\nx\n\n<!-- /access -->\n
            error: `since joining` needs the page's date
              --> content/a.md:4:14
               |
             4 | <!-- access: pro since joining -->
               |              ^^^^^^^^^^^^^^^^^
              help: write `date:` in its front matter
            exit 1
            === <!-- access: [pro, basic] -->\n\nx\n\n<!-- /access -->\n
            error: tags in a marker stand without brackets
              --> content/a.md:4:14
               |
             4 | <!-- access: [pro, basic] -->
               |              ^^^^^^^^^^^^
              help: write `<!-- access: pro, basic -->`
            exit 1
            === <!-- access: pro; -->\n\nx\n\n<!-- /access -->\n
            error: nothing stands after this `;`
              --> content/a.md:4:17
               |
             4 | <!-- access: pro; -->
               |                 ^
              help: after the tags stand `; drip: 7d`, `; hidden`, or both
            exit 1
            === <!-- access: pro; drip: 0d -->\n\nx\n\n<!-- /access -->\n
            error: `0d` is no time at all
              --> content/a.md:4:25
               |
             4 | <!-- access: pro; drip: 0d -->
               |                         ^^
              help: take `drip` out
            exit 1
        "#]],
    );
}

#[test]
fn dividers() {
    check_bodies(
        [
            "x\n\n<!-- more -->\n\ny\n\n<!-- more -->\n\nz\n",
            "x\n\n<!-- access: pro -->\n\ny\n\n<!-- more -->\n\nz\n\n<!-- /access -->\n",
            "<!-- more -->\n\nx\n",
        ],
        &expect![[r#"
            === x\n\n<!-- more -->\n\ny\n\n<!-- more -->\n\nz\n
            error: a page has one divider, and this is the second
              --> content/a.md:10:1
                |
             10 | <!-- more -->
                | ^^^^^^^^^^^^^
              --> content/a.md:6:1
               |
             6 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: remove one of them
            exit 1
            === x\n\n<!-- access: pro -->\n\ny\n\n<!-- more -->\n\nz\n\n<!-- /access -->\n
            error: the divider stands inside a gated block
              --> content/a.md:10:1
                |
             10 | <!-- more -->
                | ^^^^^^^^^^^^^
              help: put it before the block or after `<!-- /access -->`
            exit 1
            === <!-- more -->\n\nx\n
            exit 0
        "#]],
    );
}

#[test]
fn definitions_at_the_edges_of_blocks() {
    check_bodies(
        [
            "[x][a]\n\n<!-- access: pro -->\n\n[a]: https://example.org\n\n<!-- /access -->\n",
            "x[^a]\n\n<!-- access: pro -->\n\n[^a]: secret\n\n<!-- /access -->\n",
            "[x][a]\n\n[a]: https://example.org/1\n\n<!-- access: pro -->\n\n[y][a]\n\n[A]: https://example.org/2\n\n<!-- /access -->\n",
            "x[^a]\n\n[^a]: open\n\n<!-- access: pro -->\n\ny[^a]\n\n[^a]: secret\n\n<!-- /access -->\n",
            "<!-- access: pro -->\n\n[y][a]\n\n[a]: https://example.org/2\n\n<!-- /access -->\n\n[a]: https://example.org/1\n",
            "<!-- access: pro -->\n\n![x][a]\n\n<!-- /access -->\n\n<!-- access: basic -->\n\n[a]: https://example.org\n\n<!-- /access -->\n",
            "<!-- access: pro -->\n\n<!-- access: basic -->\n\n[a]: https://example.org\n\n<!-- /access -->\n\n[a] is here\n\n<!-- /access -->\n",
            "[a]\n\n<!-- access: pro -->\n\n> [a]: https://example.org\n\n- [b]: https://example.org\n\n<!-- /access -->\n\n[b]\n",
        ],
        &expect![[r#"
            === [x][a]\n\n<!-- access: pro -->\n\n[a]: https://example.org\n\n<!-- /access -->\n
            error: `a` is used outside the gated block it is defined in
              --> content/a.md:4:1
               |
             4 | [x][a]
               | ^^^^^^
              --> content/a.md:8:1
               |
             8 | [a]: https://example.org
               | ^^^^^^^^^^^^^^^^^^^^^^^^
              help: move the definition out of the block, or the use into it
            exit 1
            === x[^a]\n\n<!-- access: pro -->\n\n[^a]: secret\n\n<!-- /access -->\n
            error: `^a` is used outside the gated block it is defined in
              --> content/a.md:4:2
               |
             4 | x[^a]
               |  ^^^^
              --> content/a.md:8:1
               |
             8 | [^a]: secret
               | ^^^^^^^^^^^^
              help: move the definition out of the block, or the use into it
            exit 1
            === [x][a]\n\n[a]: https://example.org/1\n\n<!-- access: pro -->\n\n[y][a]\n\n[A]: https://example.org/2\n\n<!-- /access -->\n
            error: `A` is defined on both sides of a gated block's edge
              --> content/a.md:12:1
                |
             12 | [A]: https://example.org/2
                | ^^^^^^^^^^^^^^^^^^^^^^^^^^
              --> content/a.md:6:1
               |
             6 | [a]: https://example.org/1
               | ^^^^^^^^^^^^^^^^^^^^^^^^^^
              help: give one of them another label
            exit 1
            === x[^a]\n\n[^a]: open\n\n<!-- access: pro -->\n\ny[^a]\n\n[^a]: secret\n\n<!-- /access -->\n
            error: `^a` is defined on both sides of a gated block's edge
              --> content/a.md:12:1
                |
             12 | [^a]: secret
                | ^^^^^^^^^^^^
              --> content/a.md:6:1
               |
             6 | [^a]: open
               | ^^^^^^^^^^
              help: give one of them another label
            exit 1
            === <!-- access: pro -->\n\n[y][a]\n\n[a]: https://example.org/2\n\n<!-- /access -->\n\n[a]: https://example.org/1\n
            error: `a` is defined on both sides of a gated block's edge
              --> content/a.md:12:1
                |
             12 | [a]: https://example.org/1
                | ^^^^^^^^^^^^^^^^^^^^^^^^^^
              --> content/a.md:8:1
               |
             8 | [a]: https://example.org/2
               | ^^^^^^^^^^^^^^^^^^^^^^^^^^
              help: give one of them another label
            exit 1
            === <!-- access: pro -->\n\n![x][a]\n\n<!-- /access -->\n\n<!-- access: basic -->\n\n[a]: https://example.org\n\n<!-- /access -->\n
            error: `a` is used outside the gated block it is defined in
              --> content/a.md:6:1
               |
             6 | ![x][a]
               | ^^^^^^^
              --> content/a.md:12:1
                |
             12 | [a]: https://example.org
                | ^^^^^^^^^^^^^^^^^^^^^^^^
              help: move the definition out of the block, or the use into it
            exit 1
            === <!-- access: pro -->\n\n<!-- access: basic -->\n\n[a]: https://example.org\n\n<!-- /access -->\n\n[a] is here\n\n<!-- /access -->\n
            error: `a` is used outside the gated block it is defined in
              --> content/a.md:12:1
                |
             12 | [a] is here
                | ^^^
              --> content/a.md:8:1
               |
             8 | [a]: https://example.org
               | ^^^^^^^^^^^^^^^^^^^^^^^^
              help: move the definition out of the block, or the use into it
            exit 1
            === [a]\n\n<!-- access: pro -->\n\n> [a]: https://example.org\n\n- [b]: https://example.org\n\n<!-- /access -->\n\n[b]\n
            error: `a` is used outside the gated block it is defined in
              --> content/a.md:4:1
               |
             4 | [a]
               | ^^^
              --> content/a.md:8:3
               |
             8 | > [a]: https://example.org
               |   ^^^^^^^^^^^^^^^^^^^^^^^^
              help: move the definition out of the block, or the use into it
            error: `b` is used outside the gated block it is defined in
              --> content/a.md:14:1
                |
             14 | [b]
                | ^^^
              --> content/a.md:10:3
                |
             10 | - [b]: https://example.org
                |   ^^^^^^^^^^^^^^^^^^^^^^^^
              help: move the definition out of the block, or the use into it
            exit 1
        "#]],
    );
}

#[test]
fn what_is_text() {
    check_bodies(
        [
            "```\n<!-- access: prro -->\n```\n\n    <!-- more -->\n\n`<!-- acess: pro -->`\n",
            "```markdown\n<!-- access: pro -->\n```\n",
            "<!-- a note -->\n\n<!-- across the river, a house -->\n\n<!-- TODO: access for all -->\n",
            "<!-- markdownlint-disable -->\n\n<!-- toc -->\n\n<!-- excerpt -->\n\n<!-- prettier-ignore -->\n",
        ],
        &expect![[r#"
            === ```\n<!-- access: prro -->\n```\n\n    <!-- more -->\n\n`<!-- acess: pro -->`\n
            exit 0
            === ```markdown\n<!-- access: pro -->\n```\n
            exit 0
            === <!-- a note -->\n\n<!-- across the river, a house -->\n\n<!-- TODO: access for all -->\n
            exit 0
            === <!-- markdownlint-disable -->\n\n<!-- toc -->\n\n<!-- excerpt -->\n\n<!-- prettier-ignore -->\n
            exit 0
        "#]],
    );
}
