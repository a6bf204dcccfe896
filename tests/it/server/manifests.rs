//! Which manifests are taken while a server runs, and which are not.

use std::path::PathBuf;

use serde_json::{Value, json};
use tierpress::envelope;

use super::stage::{Edge, Stage, now, until};

const REFUSED: &str = "manifest refused; the old one stays";

/// Which build the pages say they are of.
#[track_caller]
fn build(edge: &Edge) -> String {
    let text = edge.get("/").text();
    text.split("in build ").nth(1).unwrap().split(',').next().unwrap().to_owned()
}

#[test]
fn a_new_manifest_is_taken_by_itself_and_on_sighup() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    assert_eq!(build(&edge), "one");
    stage.publish(&stage.manifest(2, "two"));
    until("the second build", || build(&edge) == "two");
    stage.publish(&stage.manifest(3, "three"));
    edge.signal("HUP");
    until("the third build", || build(&edge) == "three");
    assert_eq!(edge.health()["manifests"], json!({"taken": 3, "refused": 0}));
    // Times say nothing: a file that looks older is another file all the same.
    stage.publish(&stage.manifest(4, "four"));
    let file = std::fs::File::options().write(true).open(stage.manifest_path()).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
    until("the fourth build", || build(&edge) == "four");
}

#[test]
fn whatever_is_wrong_with_a_manifest_the_old_one_stays() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let sound = stage.manifest(2, "two");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut manifest = sound.clone();
        change(&mut manifest);
        manifest.to_string()
    };
    let lost = |m: &mut Value| {
        let name = format!("aa/aa{}.html", "0".repeat(62));
        m["objects"][&name] = json!({"size": 1, "type": "text/html"});
    };
    let short = |m: &mut Value| {
        let name = m["routes"]["/"]["objects"][0].as_str().unwrap().to_owned();
        m["objects"][&name]["size"] = 1.into();
    };
    let encoded = |m: &mut Value| {
        let name = m["routes"]["/"]["objects"][0].as_str().unwrap().to_owned();
        m["objects"][&name]["encodings"] = json!(["gzip"]);
    };
    let mut refused = 0;
    for (text, reason) in [
        (String::new(), "cannot be read"),
        (sound.to_string()[..2000].to_owned(), "cannot be read"),
        (with(&|m| m["format"] = "tierpress-manifest/2".into()), "unknown manifest format"),
        (with(&|m| m["extra"] = 1.into()), "unknown field"),
        (with(&|m| m["routes"]["/"]["policy"] = 99.into()), "the manifest is broken"),
        (with(&|m| m["version"] = 0.into()), "it has version 0, and version 1 has been seen"),
        (with(&|m| m["clock"] = (now() + 400).into()), "more than five minutes from now"),
        (with(&lost), "is missing"),
        (with(&short), "is not as long as the manifest says"),
        (with(&encoded), ".gz` is missing"),
    ] {
        stage.put("manifest.json", text.as_bytes());
        refused += 1;
        let events = edge.wait_for(REFUSED, refused);
        let said = events.last().unwrap()["reason"].as_str().unwrap().to_owned();
        assert!(said.contains(reason), "{said}");
        assert_eq!(build(&edge), "one", "{reason}");
        assert_eq!(edge.health()["manifests"]["reason"], said);
    }
    std::fs::remove_file(stage.manifest_path()).unwrap();
    edge.wait_for(REFUSED, refused + 1);
    assert_eq!(build(&edge), "one");
    stage.publish(&sound);
    until("the sound one", || build(&edge) == "two");
    assert_eq!(edge.health()["manifests"].get("reason"), None);
}

#[test]
fn objects_may_come_after_their_manifest() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let manifest = stage.manifest(2, "two");
    let name = manifest["routes"]["/"]["objects"][0].as_str().unwrap();
    let path = stage.out().join("objects").join(name);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    stage.publish(&manifest);
    edge.wait_for(REFUSED, 1);
    assert_eq!(build(&edge), "one");
    std::fs::write(&path, bytes).unwrap();
    until("the second build, though its manifest has not changed", || build(&edge) == "two");
}

#[test]
fn an_object_that_a_later_build_took_away_is_no_failure() {
    let stage = Stage::new();
    let edge = stage.serve(&["--memory", "0"]);
    let first = stage.manifest(1, "one");
    for version in 2..12_u32 {
        let mark = format!("later {version}");
        stage.publish(&stage.manifest(version.into(), &mark));
        // Nothing waits for the watch: what was there a moment ago is gone.
        let objects = if version == 2 {
            &first
        } else {
            &stage.manifest(u64::from(version) - 1, &format!("later {}", version - 1))
        };
        let name = objects["routes"]["/"]["objects"][0].as_str().unwrap();
        std::fs::remove_file(stage.out().join("objects").join(name)).unwrap();
        assert_eq!(build(&edge), mark);
    }
    // Where there is no later build it is said, and the rest is still served.
    let last = stage.manifest(11, "later 11");
    let name = last["routes"]["/"]["objects"][0].as_str().unwrap();
    std::fs::remove_file(stage.out().join("objects").join(name)).unwrap();
    let lost = edge.get("/");
    assert_eq!((lost.status, lost.header("cache-control")), (503, Some("no-store")));
    assert_eq!(edge.get("/big.bin").status, 200);
    edge.wait_for("object not opened; looking for another manifest", 1);
}

/// A stage whose manifests are signed.
struct Signed {
    stage: Stage,
    key: envelope::SigningKey,
    public: PathBuf,
}

impl Signed {
    fn new() -> Self {
        let stage = Stage::new();
        let (key, public) = pair(&stage, "site");
        let signed = Self { stage, key, public };
        signed.publish(&signed.stage.manifest(10, "ten"));
        signed
    }

    fn publish(&self, manifest: &Value) {
        self.put(&envelope::sign(manifest.to_string().as_bytes(), &self.key));
    }

    fn put(&self, bytes: &[u8]) {
        self.stage.put("manifest.json.dsse", bytes);
    }

    fn edge(&self) -> Edge {
        let arguments = ["--public-key", self.public.to_str().unwrap(), "--upstream", "http://127.0.0.1:9"];
        Edge::start(&self.stage.out().join("manifest.json.dsse"), &arguments)
    }
}

/// A pair of keys made by the program itself.
fn pair(stage: &Stage, name: &str) -> (envelope::SigningKey, PathBuf) {
    let (private, public) = (stage.path(&format!("{name}.pem")), stage.path(&format!("{name}.pub.pem")));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tierpress"));
    let made = command.args(["keygen", "--purpose", "manifest", "--out"]).arg(&private).output().unwrap();
    assert!(made.status.success());
    (envelope::SigningKey::read(&std::fs::read(private).unwrap()).unwrap(), public)
}

#[test]
fn signed_manifests_are_taken_and_no_others() {
    let signed = Signed::new();
    let stage = &signed.stage;
    let edge = signed.edge();
    assert_eq!(build(&edge), "ten");
    let (other, _) = pair(stage, "other");
    let good = envelope::sign(stage.manifest(11, "eleven").to_string().as_bytes(), &signed.key);
    let mut altered: Value = serde_json::from_slice(&good).unwrap();
    let evil = envelope::sign(stage.manifest(12, "evil").to_string().as_bytes(), &other);
    altered["payload"] = serde_json::from_slice::<Value>(&evil).unwrap()["payload"].clone();
    let mut typed: Value = serde_json::from_slice(&good).unwrap();
    typed["payloadType"] = "text/plain".into();
    let again = envelope::sign(stage.manifest(10, "another ten").to_string().as_bytes(), &signed.key);
    let older = envelope::sign(stage.manifest(9, "nine").to_string().as_bytes(), &signed.key);
    let mut refused = 0;
    for (bytes, reason) in [
        (stage.manifest(11, "eleven").to_string().into_bytes(), "this is no signed envelope"),
        (evil, "is not signed with this key"),
        (altered.to_string().into_bytes(), "is not signed with this key"),
        (typed.to_string().into_bytes(), "holds something else than a manifest"),
        (again, "it is another manifest with version 10, which has been seen"),
        (older, "it has version 9, and version 10 has been seen"),
    ] {
        signed.put(&bytes);
        refused += 1;
        let events = edge.wait_for(REFUSED, refused);
        let said = events.last().unwrap()["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{said}");
        assert_eq!(build(&edge), "ten");
    }
    signed.put(&good);
    until("the signed one", || build(&edge) == "eleven");
}

#[test]
fn a_server_that_starts_again_goes_back_to_no_older_manifest() {
    let signed = Signed::new();
    let edge = signed.edge();
    signed.publish(&signed.stage.manifest(20, "twenty"));
    until("the next one", || build(&edge) == "twenty");
    drop(edge);
    for (manifest, reason) in [
        (signed.stage.manifest(19, "nineteen"), "it has version 19, and version 20 has been seen"),
        (signed.stage.manifest(20, "other"), "it is another manifest with version 20, which has been seen"),
    ] {
        signed.publish(&manifest);
        let mut command = super::stage::command(&signed.stage.out().join("manifest.json.dsse"), &["--public-key"]);
        let output = command.arg(&signed.public).args(["--upstream", "http://127.0.0.1:9"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains(reason) && said.contains("help: "), "{said}");
    }
    signed.publish(&signed.stage.manifest(21, "later"));
    assert_eq!(build(&signed.edge()), "later");
    std::fs::write(signed.stage.out().join("edge-state/highest.json"), "junk").unwrap();
    let mut command = super::stage::command(&signed.stage.out().join("manifest.json.dsse"), &["--public-key"]);
    let output = command.arg(&signed.public).args(["--upstream", "http://127.0.0.1:9"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("highest.json` is broken"));
}

#[test]
fn an_envelope_needs_a_key() {
    let signed = Signed::new();
    let mut command = super::stage::command(&signed.stage.out().join("manifest.json.dsse"), &[]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("this is a signed envelope, and there is no key to check it with"), "{said}");
}

#[test]
fn the_state_may_lie_elsewhere() {
    let stage = Stage::new();
    let state = stage.path("state");
    let edge = stage.serve(&["--state", state.to_str().unwrap()]);
    assert_eq!(build(&edge), "one");
    let seen: Value = serde_json::from_slice(&std::fs::read(state.join("highest.json")).unwrap()).unwrap();
    assert_eq!(seen["version"], 1);
    assert!(!stage.out().join("edge-state").exists());
}
