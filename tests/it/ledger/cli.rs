//! The commands of a manager, as they are typed.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use expect_test::{Expect, expect};

use super::{SITE, holds};

/// A site with a closed course, its manifest, and a ledger.
struct Shop {
    folder: tempfile::TempDir,
}

const COURSE: [(&str, &str); 4] = [
    ("content/_index.md", "---\ntitle: School\n---\nWelcome.\n"),
    ("content/rust/_index.md", "---\ntitle: Rust\naccess: [pro, rust-course]\n---\nThe course.\n"),
    ("content/rust/one.md", "---\ntitle: One\n---\nThe first lesson.\n"),
    ("content/rust/two.md", "---\ntitle: Two\ndrip: 7d\n---\nThe second lesson.\n"),
];

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("site.yaml"), SITE).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn call(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
        command.current_dir(self.folder.path()).args(arguments.split(' ')).env("TIERPRESS_DB", "members.db");
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// The same, where nothing says where the ledger is.
    fn call_without_place(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
        command.current_dir(self.folder.path()).args(arguments.split(' ')).env_remove("TIERPRESS_DB");
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// What a call says, which must go well.
    #[track_caller]
    fn says(&self, arguments: &str, expected: Expect) {
        let output = self.call(arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        expected.assert_eq(&String::from_utf8(output.stdout).unwrap());
    }

    /// What a call is refused with.
    #[track_caller]
    fn refuses(&self, arguments: &str, expected: Expect) {
        let output = self.call(arguments);
        let said = String::from_utf8(output.stderr).unwrap().replace(&*self.folder.path().to_string_lossy(), "…");
        expected.assert_eq(&format!("{}: {said}", output.status.code().unwrap()));
    }
}

/// Two members, one of them with an address.
const LINES: &str = r#"{"record":"person","member":"m_ada","address":"Ada@learn.example"}
{"source":"shop","id":"1","at":1798761600,"member":"m_ada","kind":"granted","grant":"order-1","access_control":"rust-course","why":"complimentary"}
{"source":"shop","id":"2","at":1798848000,"member":"m_bob","kind":"granted","grant":"order-2","access_control":"basic","why":"imported","until":1801440000}
"#;

#[test]
fn a_managers_day() {
    let shop = Shop::new();
    shop.write("members.jsonl", LINES);
    shop.refuses(
        "members list",
        expect![[r#"
        2: error: there is no ledger at `members.db`
          help: name it with `--db`; `members import` and `members grant` make one

        1 error
    "#]],
    );
    shop.says(
        "members import members.jsonl --now 2027-01-05",
        expect![[r#"
        2 new events of 2 members, 0 known before
    "#]],
    );
    shop.says(
        "members import members.jsonl --now 2027-01-05",
        expect![[r#"
        0 new events of 2 members, 2 known before
    "#]],
    );
    shop.says(
        "members list --now 2027-01-05",
        expect![[r#"
        member  address            since       tier   grants
        m_ada   Ada@learn.example  2027-01-01  free   rust-course, free
        m_bob   -                  2027-01-02  basic  basic
        2 members
    "#]],
    );
    shop.says(
        "members list --now 2027-01-05 --access basic",
        expect![[r#"
        member  address  since       tier   grants
        m_bob   -        2027-01-02  basic  basic
        1 member
    "#]],
    );
    shop.says(
        "members list --now 2027-03-05 --state expired",
        expect![[r#"
        member  address  since       tier  grants
        m_bob   -        2027-01-02  -
        1 member
    "#]],
    );
    shop.says(
        "members show ADA@learn.example --now 2027-01-05",
        expect![[r#"
        m_ada Ada@learn.example, member since 2027-01-01
          rust-course since 2027-01-01, active (order-1)
          free since 2027-01-01, active (default:order-1)
          token: free since 2027-01-01
          token: rust-course since 2027-01-01
    "#]],
    );
    shop.says(
        "members grant m_ada pro --until 2027-01-31 --id gift-1 --now 2027-01-10",
        expect![[r#"
            m_ada Ada@learn.example, member since 2027-01-01
              rust-course since 2027-01-01, active (order-1)
              free since 2027-01-01, superseded, ended 2027-01-10 (default:order-1)
              pro since 2027-01-10, active, until 2027-02-01 (gift-1)
              next change 2027-02-01
              token: pro since 2027-01-10 until 2027-02-01
              token: basic since 2027-01-10 until 2027-02-01
              token: free since 2027-01-01 until 2027-02-01
              token: rust-course since 2027-01-01
        "#]],
    );
    shop.says(
        "members cancel m_ada pro --id c-1 --now 2027-01-11",
        expect![[r#"
            m_ada Ada@learn.example, member since 2027-01-01
              rust-course since 2027-01-01, suspended (order-1)
              free since 2027-01-01, superseded, ended 2027-01-10 (default:order-1)
              pro since 2027-01-10, cancelled, ended 2027-01-11 (gift-1)
              token: rust-course since 2027-01-01
              token: pro since 2027-01-10 until 2027-01-11
        "#]],
    );
    shop.says(
        "members revoke m_bob order-2 --id r-1 --now 2027-01-11",
        expect![[r#"
            m_bob, member since 2027-01-02
              basic since 2027-01-02, cancelled, ended 2027-01-11 (order-2)
              token: basic since 2027-01-02 until 2027-01-11
        "#]],
    );
    shop.says(
        "members email m_bob Bob@learn.example --now 2027-01-11",
        expect![[r#"
            m_bob Bob@learn.example, member since 2027-01-02
              basic since 2027-01-02, cancelled, ended 2027-01-11 (order-2)
              token: basic since 2027-01-02 until 2027-01-11
        "#]],
    );
    shop.says(
        "members events --unread",
        expect![[r#"
        0 events not understood
    "#]],
    );
    shop.says(
        "members accept m_bob",
        expect![[r#"
        0 purchases waiting
    "#]],
    );
    shop.says(
        "members events --now 2027-01-12",
        expect![[r#"
        number  at          member  what       grant    source  id
        1       2027-01-01  m_ada   granted    order-1  shop    1
        2       2027-01-02  m_bob   granted    order-2  shop    2
        5       2027-01-10  m_ada   granted    gift-1   admin   gift-1
        6       2027-01-11  m_ada   cancelled  gift-1   admin   c-1
        7       2027-01-11  m_bob   revoked    order-2  admin   r-1
        5 events
    "#]],
    );
    shop.says(
        "members events m_bob --limit 1 --format json",
        expect![[r#"
        {
          "events": [
            {
              "number": 2,
              "received": 1799107200,
              "event": {
                "source": "shop",
                "id": "2",
                "at": 1798848000,
                "member": "m_bob",
                "kind": "granted",
                "grant": "order-2",
                "access_control": "basic",
                "why": "imported",
                "until": 1801440000
              }
            }
          ]
        }
    "#]],
    );
    shop.says("members export", expect![[r#"
        {"record":"person","member":"m_ada","address":"Ada@learn.example"}
        {"record":"person","member":"m_bob","address":"Bob@learn.example"}
        {"source":"shop","id":"1","at":1798761600,"member":"m_ada","kind":"granted","grant":"order-1","access_control":"rust-course","why":"complimentary"}
        {"source":"shop","id":"2","at":1798848000,"member":"m_bob","kind":"granted","grant":"order-2","access_control":"basic","why":"imported","until":1801440000}
        {"source":"admin","id":"gift-1","at":1799539200,"member":"m_ada","kind":"granted","grant":"gift-1","access_control":"pro","why":"complimentary","until":1801440000}
        {"source":"admin","id":"c-1","at":1799625600,"member":"m_ada","kind":"cancelled","grant":"gift-1","by":"admin"}
        {"source":"admin","id":"r-1","at":1799625600,"member":"m_bob","kind":"revoked","grant":"order-2"}
    "#]]);
    shop.says(
        "members merge bob@learn.example ada@learn.example --yes --now 2027-01-12",
        expect![[r#"
            m_ada Ada@learn.example, member since 2027-01-01
              rust-course since 2027-01-01, suspended (order-1)
              free since 2027-01-01, superseded, ended 2027-01-02 (default:order-1)
              basic since 2027-01-02, cancelled, ended 2027-01-11 (order-2)
              pro since 2027-01-10, cancelled, ended 2027-01-11 (gift-1)
              token: rust-course since 2027-01-01
              token: pro since 2027-01-10 until 2027-01-11
        "#]],
    );
    let erased = shop.call("members erase ada@learn.example --yes --now 2027-01-13");
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    shop.says(
        "members list --now 2027-01-14",
        expect![[r#"
        member  address  since       tier  grants
        m_ada   -        2027-01-01  -     erased
        1 member
    "#]],
    );
    for file in ["members.db", "members.db-wal"] {
        let bytes = std::fs::read(shop.path(file)).unwrap_or_default();
        assert!(!holds(&bytes, "learn.example"), "{file}");
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let shop = Shop::new();
    shop.write("members.jsonl", LINES);
    assert!(shop.call("members import members.jsonl").status.success());
    let unnamed = shop.call_without_place("members list");
    assert_eq!(unnamed.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unnamed.stderr).contains("nothing says where the ledger is"));
    shop.refuses(
        "members show eve@learn.example",
        expect![[r#"
        2: error: no member has the address `eve@learn.example`
          help: `tierpress members list` shows who there is

        1 error
    "#]],
    );
    shop.refuses(
        "members show m_eve",
        expect![[r#"
        2: error: there is no member `m_eve`
          help: `tierpress members list` shows who there is

        1 error
    "#]],
    );
    shop.refuses(
        "members grant eve@learn.example pro",
        expect![[r#"
        2: error: no member has the address `eve@learn.example`
          help: to make a member of an address, add `--new`

        1 error
    "#]],
    );
    shop.refuses(
        "members grant m_ada prro",
        expect![[r#"
        2: error: unknown tier or bundle `prro`
          help: did you mean `pro`?

        1 error
    "#]],
    );
    shop.refuses(
        "members grant m_ada pro --until 1/2/2027",
        expect![[r#"
        2: error: `--until 1/2/2027` is no date
          help: write 2026-12-01, or 2026-12-01T09:00:00Z

        1 error
    "#]],
    );
    shop.refuses(
        "members grant m_ada pro --until 2026-01-01 --now 2027-01-01",
        expect![[r#"
        2: error: it would end before it begins

        1 error
    "#]],
    );
    shop.refuses(
        "members revoke m_ada pro --now 2027-01-05",
        expect![[r#"
        2: error: `pro` is not one grant of `m_ada` that goes on
          help: there are `order-1`, `default:order-1`

        1 error
    "#]],
    );
    shop.refuses(
        "members erase m_ada",
        expect![[r#"
        2: error: `m_ada` would be erased for good
          help: if that is meant, add `--yes`

        1 error
    "#]],
    );
    shop.refuses(
        "members merge m_bob m_ada",
        expect![[r#"
        2: error: `m_bob` would become `m_ada` for good
          help: if that is meant, add `--yes`

        1 error
    "#]],
    );
    shop.refuses(
        "members email m_bob ADA@learn.example",
        expect![[r#"
        2: error: the address is that of `m_ada`

        1 error
    "#]],
    );
    shop.refuses(
        "members accept m_ada w_nothing",
        expect![[r#"
        2: error: nothing waits under `w_nothing`

        1 error
    "#]],
    );
    shop.write(
        "faulty.jsonl",
        "\n{\"source\":\"shop\",\"id\":\"1\",\"at\":1,\"member\":\"m_ada\",\"kind\":\"joined\"}\n",
    );
    shop.refuses(
        "members import faulty.jsonl",
        expect![[r#"
        2: error: the event `1` of `shop` is in the ledger with another content
          --> faulty.jsonl:2:1
           |
         2 | {"source":"shop","id":"1","at":1,"member":"m_ada","kind":"joined"}
           | ^

        1 error
    "#]],
    );
    shop.write("faulty.csv", "email,access_control,since\nada,pro,\n");
    shop.refuses(
        "members import faulty.csv",
        expect![[r#"
        2: error: `ada` is no mail address
          --> faulty.csv:2:1
           |
         2 | ada,pro,
           | ^^^
          help: a mail address is a name, `@` and a domain

        error: a start is missing
          --> faulty.csv:2:9
           |
         2 | ada,pro,
           |         ^
          help: write 2026-12-01, or 2026-12-01T09:00:00Z

        2 errors
    "#]],
    );
    let again = shop.call("members grant m_ada pro --id gift --now 2027-01-05");
    assert!(again.status.success());
    shop.refuses("members grant m_ada basic --id gift --now 2027-01-05", expect![[r#"
        2: error: the id `gift` was used before
          help: for {"source":"admin","id":"gift","at":1799107200,"member":"m_ada","kind":"granted","grant":"gift","access_control":"pro","why":"complimentary"}

        1 error
    "#]]);
}

#[test]
fn why_a_page_is_closed() {
    let shop = Shop::new();
    for (name, text) in COURSE {
        shop.write(name, text);
    }
    let built = shop.call("build --now 2027-01-01");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    shop.write("members.jsonl", LINES);
    assert!(shop.call("members import members.jsonl").status.success());
    shop.says(
        "members why m_ada /rust/one/ --now 2027-01-03",
        expect![[r#"
        /rust/one/ is open for m_ada on 2027-01-03
          who can open it: pro; or rust-course with any tier
          grant: rust-course since 2027-01-01, active (order-1)
          grant: free since 2027-01-01, active (default:order-1)
          token: free since 2027-01-01
          token: rust-course since 2027-01-01
    "#]],
    );
    shop.says(
        "members why m_ada /rust/two --now 2027-01-03",
        expect![[r#"
        /rust/two/ is closed, with a teaser, for m_ada on 2027-01-03: it opens 2027-01-08
          who can open it: pro, held for 7 days; or rust-course, held for 7 days with any tier
          grant: rust-course since 2027-01-01, active (order-1)
          grant: free since 2027-01-01, active (default:order-1)
          token: free since 2027-01-01
          token: rust-course since 2027-01-01
    "#]],
    );
    shop.says(
        "members why m_ada /rust/two/ --now 2027-01-09 --format json",
        expect![[r#"
        {
          "at": 1799452800,
          "member": "m_ada",
          "path": "/rust/two/",
          "outcome": "open",
          "status": 200,
          "reason": null,
          "available_at": null,
          "rule": "pro, held for 7 days; or rust-course, held for 7 days with any tier",
          "grants": [
            {
              "reference": "order-1",
              "source": "complimentary",
              "access_control": "rust-course",
              "kind": "bundle",
              "since": 1798761600,
              "state": "active"
            },
            {
              "reference": "default:order-1",
              "source": "default",
              "access_control": "free",
              "kind": "tier",
              "since": 1798761600,
              "state": "active"
            }
          ],
          "entitlements": [
            {
              "value": "free",
              "since": 1798761600,
              "until": null,
              "frozen": null
            },
            {
              "value": "rust-course",
              "since": 1798761600,
              "until": null,
              "frozen": null
            }
          ]
        }
    "#]],
    );
    shop.says(
        "members why m_bob /rust/one/ --now 2027-01-03",
        expect![[r#"
        /rust/one/ is closed, with a teaser, for m_bob on 2027-01-03: nothing the member has opens it
          who can open it: pro; or rust-course with any tier
          grant: basic since 2027-01-02, active, until 2027-02-01 (order-2)
          token: basic since 2027-01-02 until 2027-02-01
          token: free since 2027-01-02 until 2027-02-01
    "#]],
    );
    shop.refuses(
        "members why m_bob /rust/three/ --now 2027-01-03",
        expect![[r#"
        1: error: there is no page or file `/rust/three/` in the manifest
          help: write its path as in a browser: /course/two/

        1 error
    "#]],
    );
}

#[test]
fn each_line_is_answered() {
    use std::io::Write as _;
    let shop = Shop::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.current_dir(shop.folder.path()).args(["members", "record", "--db", "members.db", "--now", "2027-01-05"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let event = |id: &str, access: &str| {
        format!(
            r#"{{"source":"shop","id":"{id}","at":1798761600,"member":"m_ada","kind":"granted","grant":"g-{id}","access_control":"{access}","why":"free"}}"#
        )
    };
    let lines = [event("1", "pro"), event("1", "pro"), String::new(), event("1", "basic"), "{".to_owned()];
    let other = event("3", "pro").replace("shop", "other").replace("g-3", "g-1");
    let person = r#"{"record":"person","member":"m","address":"a@b.example"}"#.to_owned();
    let lines = [lines.join("\n"), person, other, event("2", "pro")];
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    expect![[r#"
        {"appended":"new","source":"shop","id":"1"}
        {"appended":"known","source":"shop","id":"1"}
        {"appended":"conflict","source":"shop","id":"1","known":{"source":"shop","id":"1","at":1798761600,"member":"m_ada","kind":"granted","grant":"g-1","access_control":"pro","why":"free"},"line":4}
        {"appended":"refused","fault":"this is no JSON: EOF while parsing an object","line":5}
        {"appended":"refused","fault":"this is no event","line":6}
        {"appended":"refused","fault":"the grant `g-1` of this member is of `shop`, and nobody else may say what becomes of it","line":7}
        {"appended":"new","source":"shop","id":"2"}
    "#]].assert_eq(&String::from_utf8(output.stdout).unwrap());
}

/// What is frozen and what begins later is taken away by name, too.
#[test]
fn what_is_frozen_or_begins_later_is_revoked() {
    let shop = Shop::new();
    shop.write("site.yaml", &SITE.replace("access:\n", "access:\n  cancellation: keep-unlocked\n"));
    let open = |day: &str| -> Vec<String> {
        let output = shop.call(&format!("members show m_cara --format json --now {day}"));
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let token = shown["entitlements"].as_array().unwrap_or_else(|| panic!("{shown:#}"));
        let open = token.iter().filter(|entry| entry["until"].is_null());
        open.map(|entry| entry["value"].as_str().unwrap().to_owned()).collect()
    };
    let does = |arguments: &str| {
        let output = shop.call(arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    };
    shop.write("members.jsonl", r#"{"source":"shop","id":"1","at":1798761600,"member":"m_cara","kind":"joined"}"#);
    does("members import members.jsonl --now 2027-01-01");
    does("members grant m_cara pro --id gift --now 2027-01-02");
    does("members cancel m_cara gift --id c --now 2027-01-05");
    assert!(open("2027-01-06").contains(&"pro".to_owned()), "it is frozen");
    does("members revoke m_cara gift --id r --now 2027-01-07");
    assert_eq!(open("2027-01-08"), Vec::<String>::new(), "nothing is frozen any more");
    does("members grant m_cara basic --id later --since 2027-03-01 --now 2027-01-08");
    does("members revoke m_cara later --id l --now 2027-01-09");
    assert!(!open("2027-03-02").contains(&"basic".to_owned()));
}
