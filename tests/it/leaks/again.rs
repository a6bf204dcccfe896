//! What a symbolic link publishes once more: never for anybody for whom it is not where it lies.

use std::os::unix::fs::symlink;

use crate::fixture::Fixture;

/// A course for those who paid, links, and what a build says of them.
fn said(links: &[(&str, &str)], more: &str) -> String {
    let site = Fixture::new(&format!(
        "Open.\n\
         //- content/course/_index.md\n---\ntitle: Course\naccess: public\ncascade: {{access: pro}}\n---\n\
         //- content/course/one.md\n---\ntitle: One\n---\n[sheet](/course/sheet.txt)\n\n<!-- access: rust-course -->\n\nMore.\n\n<!-- /access -->\n\
         //- content/course/own.md\n---\ntitle: Own\naccess: basic\n---\nText.\n\
         //- content/course/sheet.txt\nFor pro.\n\
         //- content/open/_index.md\n---\ntitle: Open\n---\n\
         //- content/pro/_index.md\n---\ntitle: Pro\naccess: public\ncascade: {{access: pro}}\n---\n\
         //- texts/shared.md\n---\ntitle: Shared\n---\nShared.\n\
         //- content/.kept/kept.md\n---\ntitle: Kept\n---\nKept.\n{more}"
    ));
    for (to, name) in links {
        symlink(to, site.root().join(name)).unwrap();
    }
    match site.build() {
        Ok(_) => "built".to_owned(),
        Err(faults) => {
            let faults = faults.iter().filter(|fault| fault.is_error());
            faults
                .map(|fault| format!("{}: {}", fault.location.as_ref().unwrap(), fault.message))
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}

#[test]
fn a_link_to_something_gated_opens_nothing() {
    let page = "content/open/one.md: this link shows `content/course/one.md` to readers for whom it is not: here other rules hold";
    assert_eq!(said(&[("../course/one.md", "content/open/one.md")], ""), page);
    // By another link, whatever it is called.
    assert_eq!(
        said(&[("../../texts/way.md", "content/open/one.md"), ("../content/course/one.md", "texts/way.md")], ""),
        page
    );
    let file = "content/open/sheet.txt: this link shows `content/course/sheet.txt` to readers for whom it is not: here other rules hold";
    let shown = "//- content/open/a.md\n---\ntitle: A\n---\n![x](sheet.txt)\n";
    assert_eq!(said(&[("../course/sheet.txt", "content/open/sheet.txt")], shown), file);
    let folder = said(&[("../../texts/way", "content/open/all"), ("../content/course", "texts/way")], "");
    // With its `_index.md` the folder is as it was.
    assert_eq!(folder, "built");
    let lessons = "//- content/course/part/two.md\n---\ntitle: Two\n---\nText.\n//- content/course/part/three.md\n---\ntitle: Three\n---\n";
    assert_eq!(
        said(&[("../course/part", "content/open/part")], lessons),
        "content/open/part: this link shows `content/course/part/three.md` and another one to readers for whom it is not: as `content/open/part/three.md` other rules hold"
    );
}

#[test]
fn a_link_to_a_draft_or_to_what_is_hidden_or_drips_opens_nothing() {
    let index = |keys: &str| {
        format!(
            "//- content/other/_index.md\n---\ntitle: Other\naccess: public\ncascade: {{{keys}}}\n---\n//- content/other/x.md\n---\ntitle: X\n---\nText.\n"
        )
    };
    let link = [("../other/x.md", "content/pro/x.md")];
    for (keys, opens) in [
        ("access: pro", false),
        ("access: public", false),
        ("access: pro, drip: 7d", true),
        ("access: pro, hidden: true", true),
        ("access: pro, release: 2027-01-01", true),
        ("access: public, until: 2027-01-01", true),
        ("access: pro, draft: true", true),
        ("access: rust-course", true),
        ("access: basic", false),
    ] {
        let said = said(&link, &index(keys));
        assert_eq!(said.contains("content/pro/x.md: this link shows `content/other/x.md`"), opens, "{keys}: {said}");
        assert_eq!(said == "built", !opens, "{keys}: {said}");
    }
}

#[test]
fn links_that_open_nothing_are_as_good_as_copies() {
    for links in [
        &[("../course/one.md", "content/pro/one.md")][..],
        &[("../course/own.md", "content/open/own.md")],
        &[("../course/sheet.txt", "content/pro/sheet.txt")],
        &[("../../texts/shared.md", "content/open/shared.md"), ("../../texts/shared.md", "content/pro/shared.md")],
        &[("a.md", "content/b.md")],
    ] {
        assert_eq!(said(links, ""), "built", "{links:?}");
    }
    assert_eq!(
        said(&[("../.kept/kept.md", "content/open/kept.md")], ""),
        "content/open/kept.md: this link leads into `.kept`, and what begins with a dot is never published"
    );
}
