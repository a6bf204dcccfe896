//! `files:` keys that would decide nothing: misspelt, in the wrong place, or at odds with each other.

use expect_test::expect;

use super::{check, check_each};

/// A page of a folder with files, in a site with files elsewhere too.
fn beside(key: &str) -> String {
    format!(
        "//- content/course/a.md\n---\nfiles: {{{key}: pro}}\n---\n[sheet](workbook.pdf) [data](data.csv) ![](img/deep.pdf)\n\
         //- content/course/workbook.pdf\nx\n//- content/course/data.csv\nx\n//- content/course/img/deep.pdf\nx\n\
         //- content/top.pdf\nx\n"
    )
}

#[test]
fn keys_that_name_no_file() {
    check_each(
        [
            "workbok.pdf",
            "Workbook.pdf",
            "../workbook.pdf",
            "./workbook.pdf",
            "../top.pdf",
            "/course/workbook.pdf",
            "img/deep.pdf",
            "other.zip",
            "a.md",
            "'*.pfd'",
            "'*.PDF'",
            "'img/*.pdf'",
            "'*.zip'",
            "'[dx]*.pdf'",
        ],
        beside,
        &expect![[r#"
            === workbok.pdf
            error: no file in `content/course` has the name `workbok.pdf`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {workbok.pdf: pro}
               |         ^^^^^^^^^^^
              help: did you mean `workbook.pdf`?
            exit 1
            === Workbook.pdf
            error: no file in `content/course` has the name `Workbook.pdf`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {Workbook.pdf: pro}
               |         ^^^^^^^^^^^^
              help: did you mean `workbook.pdf`?
            exit 1
            === ../workbook.pdf
            error: no file in `content/course` has the name `../workbook.pdf`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {../workbook.pdf: pro}
               |         ^^^^^^^^^^^^^^^
              help: `files` speaks of files beside this page, by name, or by a pattern such as `*.pdf`
            exit 1
            === ./workbook.pdf
            error: no file in `content/course` has the name `./workbook.pdf`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {./workbook.pdf: pro}
               |         ^^^^^^^^^^^^^^
              help: did you mean `workbook.pdf`?
            exit 1
            === ../top.pdf
            error: no file in `content/course` has the name `../top.pdf`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {../top.pdf: pro}
               |         ^^^^^^^^^^
              help: `content/top.pdf` lies in another folder: write this in a page beside it, or in an `_index.md` above it
            exit 1
            === /course/workbook.pdf
            error: no file in `content/course` has the name `/course/workbook.pdf`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {/course/workbook.pdf: pro}
               |         ^^^^^^^^^^^^^^^^^^^^
              help: `files` speaks of files beside this page, by name, or by a pattern such as `*.pdf`
            exit 1
            === img/deep.pdf
            error: no file in `content/course` has the name `img/deep.pdf`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {img/deep.pdf: pro}
               |         ^^^^^^^^^^^^
              help: `content/course/img/deep.pdf` lies in another folder: write this in a page beside it, or in an `_index.md` above it
            exit 1
            === other.zip
            error: no file in `content/course` has the name `other.zip`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {other.zip: pro}
               |         ^^^^^^^^^
              help: `files` speaks of files beside this page, by name, or by a pattern such as `*.pdf`
            exit 1
            === a.md
            error: no file in `content/course` has the name `a.md`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {a.md: pro}
               |         ^^^^
              help: a page says in its own front matter who it is for
            exit 1
            === \'*.pfd\'
            error: no file in `content/course` fits `*.pfd`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {'*.pfd': pro}
               |         ^^^^^^^
              help: did you mean `*.pdf`?
            exit 1
            === \'*.PDF\'
            error: no file in `content/course` fits `*.PDF`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {'*.PDF': pro}
               |         ^^^^^^^
              help: capitals count: there is `workbook.pdf`
            exit 1
            === \'img/*.pdf\'
            error: no file in `content/course` fits `img/*.pdf`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {'img/*.pdf': pro}
               |         ^^^^^^^^^^^
              help: did you mean `img/*.pdf`?
            exit 1
            === \'*.zip\'
            error: no file in `content/course` fits `*.zip`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {'*.zip': pro}
               |         ^^^^^^^
              help: `files` speaks of files beside this page, by name, or by a pattern such as `*.pdf`
            exit 1
            === \'[dx]*.pdf\'
            error: no file in `content/course` fits `[dx]*.pdf`, so this says nothing of any
              --> content/course/a.md:2:9
               |
             2 | files: {'[dx]*.pdf': pro}
               |         ^^^^^^^^^^^
              help: did you mean `[dx]*.pdf`?
            exit 1
        "#]],
    );
}

#[test]
fn keys_of_a_section_that_name_no_file() {
    check_each(
        ["imgs/deep.pdf", "img/Deep.pdf", "deep.pdf", "'*/*.png'"],
        |key| beside("workbook.pdf") + &format!("//- content/course/_index.md\n---\nfiles: {{{key}: pro}}\n---\n"),
        &expect![[r#"
            === imgs/deep.pdf
            error: no file in `content/course` has the name `imgs/deep.pdf`, so this says nothing of any
              --> content/course/_index.md:2:9
               |
             2 | files: {imgs/deep.pdf: pro}
               |         ^^^^^^^^^^^^^
              help: did you mean `img/deep.pdf`?
            exit 1
            === img/Deep.pdf
            error: no file in `content/course` has the name `img/Deep.pdf`, so this says nothing of any
              --> content/course/_index.md:2:9
               |
             2 | files: {img/Deep.pdf: pro}
               |         ^^^^^^^^^^^^
              help: did you mean `img/deep.pdf`?
            exit 1
            === deep.pdf
            error: no file in `content/course` has the name `deep.pdf`, so this says nothing of any
              --> content/course/_index.md:2:9
               |
             2 | files: {deep.pdf: pro}
               |         ^^^^^^^^
              help: `files` speaks of files in this folder and below it, by name, or by a pattern such as `*.pdf`
            exit 1
            === \'*/*.png\'
            error: no file in `content/course` fits `*/*.png`, so this says nothing of any
              --> content/course/_index.md:2:9
               |
             2 | files: {'*/*.png': pro}
               |         ^^^^^^^^^
              help: `files` speaks of files in this folder and below it, by name, or by a pattern such as `*.pdf`
            exit 1
        "#]],
    );
}

#[test]
fn keys_that_name_a_file_are_taken() {
    check_each(
        ["workbook.pdf", "'*.pdf'", "'work*'", "'{workbook,other}.pdf'", "'[w]*.pdf'"],
        beside,
        &expect![[r#"
        === workbook.pdf
        exit 0
        === \'*.pdf\'
        exit 0
        === \'work*\'
        exit 0
        === \'{workbook,other}.pdf\'
        exit 0
        === \'[w]*.pdf\'
        exit 0
    "#]],
    );
    check_each(
        ["img/deep.pdf", "'**/*.pdf'", "'img/*'"],
        |key| beside("data.csv") + &format!("//- content/course/_index.md\n---\nfiles: {{{key}: pro}}\n---\n"),
        &expect![[r#"
            === img/deep.pdf
            exit 0
            === \'**/*.pdf\'
            exit 0
            === \'img/*\'
            exit 0
        "#]],
    );
}

#[test]
fn a_draft_may_not_misspell_a_file_either() {
    check(
        "---\ndraft: true\nfiles: {shet.pdf: pro}\n---\n//- content/b.md\n[sheet](sheet.pdf)\n//- content/sheet.pdf\nx\n",
        &expect![[r#"
            error: no file in `content` has the name `shet.pdf`, so this says nothing of any
              --> content/a.md:3:9
               |
             3 | files: {shet.pdf: pro}
               |         ^^^^^^^^
              help: did you mean `sheet.pdf`?
            exit 1
        "#]],
    );
}

#[test]
fn pages_that_do_not_agree_about_a_file() {
    let pages = |keys: &str| {
        let (first, second) = keys.split_once(" | ").unwrap();
        format!(
            "//- content/a.md\n---\nfiles: {{{first}}}\n---\n[sheet](sheet.pdf)\n//- content/b.md\n---\n{second}\n---\ntext\n\
             //- content/sheet.pdf\nx\n//- content/free.pdf\nx\n"
        )
    };
    check_each(
        [
            "sheet.pdf: pro | files: {sheet.pdf: public}",
            "'*.pdf': pro | files: {free.pdf: public}",
            "sheet.pdf: basic | files: {sheet.pdf: basic since joining}\ndate: 2026-01-01",
        ],
        pages,
        &expect![[r#"
            === sheet.pdf: pro | files: {sheet.pdf: public}
            error: two pages say of `sheet.pdf` that it is for different readers
              --> content/b.md:2:9
               |
             2 | files: {sheet.pdf: public}
               |         ^^^^^^^^^
              --> content/a.md:2:9
               |
             2 | files: {sheet.pdf: pro}
               |         ^^^^^^^^^
              help: say it in one of them, or the same in both
            exit 1
            === \'*.pdf\': pro | files: {free.pdf: public}
            error: two pages say of `free.pdf` that it is for different readers
              --> content/b.md:2:9
               |
             2 | files: {free.pdf: public}
               |         ^^^^^^^^
              --> content/a.md:2:9
               |
             2 | files: {'*.pdf': pro}
               |         ^^^^^^^
              help: say it in one of them, or the same in both
            exit 1
            === sheet.pdf: basic | files: {sheet.pdf: basic since joining}\ndate: 2026-01-01
            error: two pages say of `sheet.pdf` that it is for different readers
              --> content/b.md:2:9
               |
             2 | files: {sheet.pdf: basic since joining}
               |         ^^^^^^^^^
              --> content/a.md:2:9
               |
             2 | files: {sheet.pdf: basic}
               |         ^^^^^^^^^
              help: say it in one of them, or the same in both
            exit 1
        "#]],
    );
    check_each(
        [
            "sheet.pdf: [pro, rust-course] | files: {'*.pdf': 'rust-course, pro'}",
            "sheet.pdf: pro | files: {free.pdf: public}",
            "sheet.pdf: pro | files: {sheet.pdf: public}\ndraft: true",
        ],
        pages,
        &expect![[r#"
            === sheet.pdf: [pro, rust-course] | files: {\'*.pdf\': \'rust-course, pro\'}
            exit 0
            === sheet.pdf: pro | files: {free.pdf: public}
            exit 0
            === sheet.pdf: pro | files: {sheet.pdf: public}\ndraft: true
            exit 0
        "#]],
    );
}

#[test]
fn files_are_not_handed_down() {
    check(
        "//- content/course/_index.md\n---\ncascade:\n  access: pro\n  files: {sheet.pdf: pro}\n---\n\
         //- content/course/a.md\n[sheet](sheet.pdf)\n//- content/course/sheet.pdf\nx\n",
        &expect![[r#"
            error: `files` under `cascade` closes nothing
              --> content/course/_index.md:4:3
               |
             4 |   files: {sheet.pdf: pro}
               |   ^^^^^
              help: write `files` beside `cascade`, in the `_index.md` of the folder where the files lie
            exit 1
        "#]],
    );
}
