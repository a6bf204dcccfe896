//! Markers that have become code by mistake, and those that are code on purpose.

use expect_test::expect;

use super::check_bodies;

#[test]
fn code_that_has_swallowed_a_marker() {
    check_bodies(
        [
            "```rust\nfn main() {}\n\n<!-- access: pro -->\n\nsecret\n\n<!-- /access -->\n",
            "<!-- access: pro -->\n\n~~~\nlet a = 1;\n\n<!-- /access -->\n\nopen\n",
            "````\n```\n<!-- more -->\n```\n",
            "```\n<!-- acess: pro -->\n",
            "> ```\n> <!-- access: pro -->\n\nopen\n",
            "text\n\n    <!-- access: pro -->\n\nsecret\n\n<!-- /access -->\n",
            "text\n\n    <!-- access: pro; drip: 7d -->\n    secret\n    <!-- /access -->\n",
            "text\n\n\t<!-- /access -->\n",
        ],
        &expect![[r#"
            === ```rust\nfn main() {}\n\n<!-- access: pro -->\n\nsecret\n\n<!-- /access -->\n
            error: this code block is never closed, and holds a marker
              --> content/a.md:4:1
               |
             4 | ```rust
               | ^^^^^^^
              help: end it with a line like its first one, of as many of these signs and nothing else
            exit 1
            === <!-- access: pro -->\n\n~~~\nlet a = 1;\n\n<!-- /access -->\n\nopen\n
            error: this code block is never closed, and holds a marker
              --> content/a.md:6:1
               |
             6 | ~~~
               | ^^^
              help: end it with a line like its first one, of as many of these signs and nothing else
            exit 1
            === ````\n```\n<!-- more -->\n```\n
            error: this code block is never closed, and holds a marker
              --> content/a.md:4:1
               |
             4 | ````
               | ^^^^
              help: end it with a line like its first one, of as many of these signs and nothing else
            exit 1
            === ```\n<!-- acess: pro -->\n
            error: this code block is never closed, and holds a marker
              --> content/a.md:4:1
               |
             4 | ```
               | ^^^
              help: end it with a line like its first one, of as many of these signs and nothing else
            exit 1
            === > ```\n> <!-- access: pro -->\n\nopen\n
            error: this code block is never closed, and holds a marker
              --> content/a.md:4:3
               |
             4 | > ```
               |   ^^^
              help: end it with a line like its first one, of as many of these signs and nothing else
            exit 1
            === text\n\n    <!-- access: pro -->\n\nsecret\n\n<!-- /access -->\n
            error: the marker `<!-- access: pro -->` is indented so far that it is code
              --> content/a.md:6:5
               |
             6 |     <!-- access: pro -->
               |     ^^^^^^^^^^^^^^^^^^^^
              help: write it at the start of its line; an example of a marker stands between two lines of three backticks
            exit 1
            === text\n\n    <!-- access: pro; drip: 7d -->\n    secret\n    <!-- /access -->\n
            error: the marker `<!-- access: pro; drip: 7d -->` is indented so far that it is code
              --> content/a.md:6:5
               |
             6 |     <!-- access: pro; drip: 7d -->
               |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              help: write it at the start of its line; an example of a marker stands between two lines of three backticks
            error: the marker `<!-- /access -->` is indented so far that it is code
              --> content/a.md:8:5
               |
             8 |     <!-- /access -->
               |     ^^^^^^^^^^^^^^^^
              help: write it at the start of its line; an example of a marker stands between two lines of three backticks
            exit 1
            === text\n\n\t<!-- /access -->\n
            error: the marker `<!-- /access -->` is indented so far that it is code
              --> content/a.md:6:2
               |
             6 | 	<!-- /access -->
               | 	^^^^^^^^^^^^^^^^
              help: write it at the start of its line; an example of a marker stands between two lines of three backticks
            exit 1
        "#]],
    );
}

#[test]
fn code_that_shows_a_marker() {
    check_bodies(
        [
            "```\n<!-- access: pro -->\nx\n<!-- /access -->\n```\n",
            "~~~~ md\n```\n<!-- access: pro -->\n~~~~\n\ntext\n",
            "* item\n\n  ```\n  <!-- more -->\n  ```\n",
            "> ```\n> <!-- access: pro -->\n> ```\n",
            "```\n<!-- access: pro -->\n   ```   \n",
            "```\nfn main() {}\n",
            "```\na comment: <!-- access: pro --> and more\n",
            "text\n\n    write <!-- access: pro --> there\n",
            "`<!-- access: pro -->`\n",
        ],
        &expect![[r#"
            === ```\n<!-- access: pro -->\nx\n<!-- /access -->\n```\n
            exit 0
            === ~~~~ md\n```\n<!-- access: pro -->\n~~~~\n\ntext\n
            exit 0
            === * item\n\n  ```\n  <!-- more -->\n  ```\n
            exit 0
            === > ```\n> <!-- access: pro -->\n> ```\n
            exit 0
            === ```\n<!-- access: pro -->\n   ```   \n
            exit 0
            === ```\nfn main() {}\n
            exit 0
            === ```\na comment: <!-- access: pro --> and more\n
            exit 0
            === text\n\n    write <!-- access: pro --> there\n
            exit 0
            === `<!-- access: pro -->`\n
            exit 0
        "#]],
    );
}
