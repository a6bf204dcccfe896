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

/// The source of a page, and a text that is a file where it lies: what kind a link makes of them is no way out.
#[test]
fn a_link_from_a_page_to_a_file_or_back_opens_nothing() {
    let other = |path: &str, link: &str| {
        format!("{link}: this link shows `{path}` to readers for whom it is not: here other rules hold")
    };
    let unread =
        |path: &str, link: &str| format!("{link}: this link shows `{path}`, and where that lies it is shown to nobody");
    let shown = "//- content/open/a.md\n---\ntitle: A\n---\n[x](notes.txt) [y](/pro/notes.txt)\n";
    let more = "//- content/course/_index.md\n---\ntitle: Course\naccess: public\ncascade: {access: pro}\n---\n[d](data.txt)\n\n![d](data.txt)\n\
        //- content/course/data.txt\nData for all.\n\
        //- content/course/plain.md\n---\ntitle: Plain\n---\n[deep](deep.txt)\n\
        //- content/course/deep.txt\nFor pro.\n\
        //- content/course/draft.md\n---\ntitle: Draft\ndraft: true\n---\nText.\n\
        //- content/course/left.md.bak\nAn older text.\n\
        //- content/course/kind.mdx\nAnother text.\n\
        //- content/open/words.md\n---\ntitle: Words\n---\nWords.\n";
    let more = format!("{shown}{more}");
    let cases = [
        // A page as a file.
        ("../course/plain.md", "content/open/notes.txt", other("content/course/plain.md", "content/open/notes.txt")),
        ("../course/draft.md", "content/open/notes.txt", other("content/course/draft.md", "content/open/notes.txt")),
        ("../open/words.md", "content/open/notes.txt", String::new()),
        // Its block is for other readers than the page.
        ("../course/one.md", "content/pro/notes.txt", other("content/course/one.md", "content/pro/notes.txt")),
        ("../course/plain.md", "content/pro/notes.txt", String::new()),
        // A file as a page. Where it lies, one is embedded by an open page.
        ("../course/deep.txt", "content/open/b.md", other("content/course/deep.txt", "content/open/b.md")),
        ("../course/data.txt", "content/open/b.md", String::new()),
        ("../course/deep.txt", "content/pro/b.md", String::new()),
        // What is not read where it lies.
        (
            "../course/left.md.bak",
            "content/open/notes.txt",
            unread("content/course/left.md.bak", "content/open/notes.txt"),
        ),
        ("../course/left.md.bak", "content/pro/b.md", unread("content/course/left.md.bak", "content/pro/b.md")),
        ("../course/kind.mdx", "content/open/b.md", unread("content/course/kind.mdx", "content/open/b.md")),
    ];
    for (to, name, expected) in cases {
        let mut said = said(&[(to, name)], &more);
        // That a draft or a gated file is linked is said besides.
        said = said
            .lines()
            .filter(|line| !line.contains("content/open/a.md") && *line != "built")
            .collect::<Vec<_>>()
            .join("\n");
        assert_eq!(said, expected, "{name} -> {to}");
    }
}

/// A site whose `content` is a link: its parts are still parts of `content/`.
#[test]
fn links_are_looked_at_where_content_is_a_link_itself() {
    let build = |link: (&str, &str)| {
        let site = Fixture::new(
            "//- docs/course/_index.md\n---\ntitle: Course\naccess: public\ncascade: {access: pro}\n---\n\
             //- docs/course/l.md\n---\ntitle: L\n---\nText.\n\
             //- docs/open/_index.md\n---\ntitle: Open\n---\n\
             //- docs/pro/_index.md\n---\ntitle: Pro\naccess: public\ncascade: {access: pro}\n---\n\
             //- static/x.txt\nx\n//- themes/own/theme.yaml\n",
        );
        std::fs::remove_dir_all(site.root().join("content")).unwrap();
        symlink("docs", site.root().join("content")).unwrap();
        if !link.1.is_empty() {
            symlink(link.0, site.root().join(link.1)).unwrap();
        }
        let built = site.build().map_err(|faults| {
            let faults = faults.iter().filter(|fault| fault.is_error());
            faults.map(|fault| format!("{}: {}", fault.location.as_ref().unwrap(), fault.message)).collect::<String>()
        });
        built.map(|_| ())
    };
    assert_eq!(build(("", "")), Ok(()));
    assert_eq!(build(("../course/l.md", "docs/pro/l.md")), Ok(()));
    let opens =
        "content/open/l.md: this link shows `content/course/l.md` to readers for whom it is not: here other rules hold";
    assert_eq!(build(("../course/l.md", "docs/open/l.md")), Err(opens.to_owned()));
    assert_eq!(build(("../../content/course/l.md", "docs/open/l.md")), Err(opens.to_owned()));
    for (to, name) in [("../docs", "static/docs"), ("../docs/course/l.md", "static/l.txt"), ("../content", "static/c")]
    {
        assert_eq!(build((to, name)), Err(format!("{name}: this link makes `content/` public")));
    }
}

/// Folders that are public as a whole may not be folders of content, by whatever link.
#[test]
fn no_public_folder_is_one_with_content() {
    let said = |links: &[(&str, &str)]| {
        let site = Fixture::new(
            "Open.\n//- site.yaml\ntitle: A\nbase_url: https://a.example\ntheme: own\n\
             //- content/theme/templates/page.html\nx\n//- content/theme/static/x.css\nx\n",
        );
        std::fs::create_dir(site.root().join("themes")).unwrap();
        for (to, name) in links {
            symlink(to, site.root().join(name)).unwrap();
        }
        let faults = site.build().unwrap_err();
        faults.iter().map(ToString::to_string).filter(|fault| fault.contains("would be public")).collect::<String>()
    };
    let fault = |folder: &str| {
        format!(
            "error: by a link this folder is one with `content/`, and all of it would be public\n  --> {folder}\n  help: put a copy in its place"
        )
    };
    let whole = said(&[("../content/theme", "themes/own")]);
    assert!(whole.contains(&fault("themes/own/static")) && whole.contains(&fault("themes/own/templates")), "{whole}");
    // `content` leads into what is public.
    let site = Fixture::new("//- static/docs/a.md\n---\ntitle: A\naccess: pro\n---\nText.\n");
    std::fs::remove_dir_all(site.root().join("content")).unwrap();
    symlink("static/docs", site.root().join("content")).unwrap();
    let faults = site.build().unwrap_err();
    assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), [fault("static")]);
}
