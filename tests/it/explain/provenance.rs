//! Each key names the file and line it comes from.

use expect_test::expect;

use super::check;

#[test]
fn a_lesson_of_a_course() {
    check(
        &["/course/two/"],
        &expect![[r#"
        /course/two/ is a page from content/course/02-two.md
          access: rust-course  (content/course/_index.md:6, cascade)
          drip: 0 days  (content/course/_index.md:7, cascade)
          until: 2027-06-30  (content/course/_index.md:4)

        for rust-course with any tier until 2027-06-30
          never                  visitor, free, basic, pro
          now, until 2027-06-30  rust-course

        forms, in the order in which an edge tries them
          the page, for rust-course with any tier until 2027-06-30, in 4 variants
          its teaser, for everybody until 2027-06-30, in 2 variants

        gated blocks
          #block-1 at content/course/02-two.md:12: pro
            for rust-course with pro, held for 3 days until 2027-06-30
          #block-2 at content/course/02-two.md:16: rust-course+basic, hidden
            for rust-course with pro, held for 3 days until 2027-06-30

        files it shows
          /course/sheet.txt, for rust-course with pro, held for 3 days until 2027-06-30
            linked at content/course/02-two.md:14, for rust-course with pro, held for 3 days until 2027-06-30
          /course/two.png, for everybody until 2027-06-30
            embedded at content/course/02-two.md:4, for everybody until 2027-06-30
    "#]],
    );
}

#[test]
fn a_plus_names_both_places() {
    check(
        &["content/course/03-bonus.md"],
        &expect![[r#"
        /course/bonus/ is a page from content/course/03-bonus.md
          access: rust-course+pro  (content/course/03-bonus.md:2 + content/course/_index.md:6, cascade)
          drip: none  (content/course/03-bonus.md:4)
          until: 2027-06-30  (content/course/_index.md:4)
          teaser: none  (content/course/03-bonus.md:3)

        for pro with rust-course until 2027-06-30
          never                  visitor, free, basic, pro, rust-course
          now, until 2027-06-30  rust-course+pro

        forms, in the order in which an edge tries them
          the page, for pro with rust-course until 2027-06-30, in 2 variants
          title, description and what opens it, for everybody until 2027-06-30, in 2 variants
    "#]],
    );
}

#[test]
fn the_default_names_site_yaml() {
    check(
        &["/"],
        &expect![[r#"
        / is a page from content/_index.md
          access: public  (site.yaml:4, the default)

        for everybody
          now  visitor, free, basic, pro, rust-course
    "#]],
    );
}

#[test]
fn a_date_to_come_releases() {
    check(
        &["/blog/eve/"],
        &expect![[r#"
        /blog/eve/ is a page from content/blog/2026-12-24-eve.md
          access: public  (site.yaml:4, the default)
          date: 2026-12-24  (content/blog/2026-12-24-eve.md, by its name)

        for everybody from 2026-12-24
          from 2026-12-24  visitor, free, basic, pro, rust-course
    "#]],
    );
}

#[test]
fn what_is_not_published_says_why() {
    check(
        &["content/blog/2027-12-24-far.md"],
        &expect![[r#"
        /blog/far/ is a page from content/blog/2027-12-24-far.md
          not published: it is released too far ahead
          access: public  (site.yaml:4, the default)
          date: 2027-12-24  (content/blog/2027-12-24-far.md, by its name)
    "#]],
    );
    check(
        &["content/blog/draft.md"],
        &expect![[r#"
        /blog/draft/ is a page from content/blog/draft.md
          not published: it is a draft
          access: pro  (content/blog/draft.md:4)
          draft: true  (content/blog/draft.md:3)
    "#]],
    );
    check(
        &["/blog/over/"],
        &expect![[r#"
        /blog/over/ is a page from content/blog/over.md
          not published: its time is over
          access: public  (site.yaml:4, the default)
          until: 2026-11-01  (content/blog/over.md:2)
    "#]],
    );
}

#[test]
fn a_file_says_what_shows_it() {
    check(
        &["/course/two.png"],
        &expect![[r#"
        /course/two.png is a file from content/course/two.png

        for everybody until 2027-06-30
          it is for whoever reads a place that embeds it
          now, until 2027-06-30  visitor, free, basic, pro, rust-course

        shown by
            embedded at content/course/02-two.md:4, for everybody until 2027-06-30
    "#]],
    );
    check(
        &["content/course/sheet.txt"],
        &expect![[r#"
        /course/sheet.txt is a file from content/course/sheet.txt

        for rust-course with pro, held for 3 days until 2027-06-30
          it is for whoever reads a link to it, as far as a page that lay beside it would be open: a link never opens a file
          never                           visitor, free, basic, pro, rust-course
          after 3 days, until 2027-06-30  rust-course+pro

        shown by
            linked at content/course/02-two.md:14, for rust-course with pro, held for 3 days until 2027-06-30
    "#]],
    );
    check(
        &["/course/kept.txt"],
        &expect![[r#"
        /course/kept.txt is a file from content/course/kept.txt

        for pro with rust-course until 2027-06-30
          no page shows it, so it is for those who may read all beside it
          never                  visitor, free, basic, pro, rust-course
          now, until 2027-06-30  rust-course+pro
    "#]],
    );
}
