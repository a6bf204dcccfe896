//! The README's five minutes, typed in as they stand there.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use crate::built::build;
use crate::edges::{ask, free_address, program};

/// The files of the tour: a paragraph that begins with a file name in backticks, and the next fenced block.
fn files(readme: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut name = None;
    let mut lines = readme.lines();
    let mut blank = true;
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            files.extend(name.take().map(|name| (name, text.join("\n") + "\n")));
        } else if blank && let Some((path, _)) = line.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            name = Some(path.to_owned());
        }
        blank = line.is_empty();
    }
    files
}

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The lines to type below a heading.
fn typed(readme: &str, heading: &str) -> Vec<String> {
    let lines = readme.lines().skip_while(|line| *line != heading).skip_while(|line| *line != "```sh").skip(1);
    lines.take_while(|line| *line != "```").map(str::to_owned).collect()
}

/// Types a line into a shell that finds `tierpress`, in this folder.
fn shell(folder: &Path, line: &str) -> Command {
    let path = program("tierpress").parent().unwrap().to_path_buf();
    let path =
        std::env::join_paths([path].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    let mut command = Command::new("sh");
    command.current_dir(folder).arg("-c").arg(line).env("PATH", path.unwrap());
    command
}

/// A program that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_readme_serves() {
    let folder = tempfile::tempdir().unwrap();
    let readme = readme();
    let school = folder.path().join("school");
    for (name, text) in files(&readme) {
        let path = school.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // By the real clock, as it is typed: an edge refuses a manifest of the future.
    assert!(shell(folder.path(), "tierpress build --root school").status().unwrap().success());
    let address: SocketAddr = free_address();
    let lines: Vec<String> = typed(&readme, "## Serve it")
        .into_iter()
        .map(|line| line.replace("127.0.0.1:8080", &address.to_string()))
        .collect();
    let [keygen, edge, asked @ ..] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(shell(folder.path(), keygen).status().unwrap().success());
    let edge = edge.strip_suffix(" &").unwrap();
    let mut edge = Ending(shell(folder.path(), &format!("exec {edge}")).spawn().unwrap());
    while TcpStream::connect(address).is_err() {
        assert_eq!(edge.0.try_wait().unwrap(), None, "the edge has ended");
        thread::sleep(Duration::from_millis(5));
    }
    let expected = [Some("not_signed_in"), Some("not_entitled"), None, Some("not_yet")];
    assert_eq!(asked.len(), expected.len(), "{asked:?}");
    for (line, reason) in asked.iter().zip(expected) {
        let (_, target) = line.split_once(&address.to_string()).unwrap();
        let token = line.split_once("$(").and_then(|(_, rest)| rest.split_once(')')).map(|(token, _)| token);
        let headers = token.map(|token| {
            let token = shell(folder.path(), token).output().unwrap();
            assert!(token.status.success(), "{token:?}");
            format!("Authorization: Bearer {}\r\n", String::from_utf8(token.stdout).unwrap().trim())
        });
        let answer = ask(address, "GET", target, &headers.unwrap_or_default());
        let recipe = String::from_utf8(answer.body.clone()).unwrap().contains("350 g of water");
        assert_eq!((answer.status, recipe), (200, reason.is_none()), "{line}");
        assert_eq!(answer.header("tierpress-reason").as_deref(), reason, "{line}");
    }
}

#[test]
fn the_readme_sells() {
    let folder = tempfile::tempdir().unwrap();
    let readme = readme();
    for (name, text) in files(&readme) {
        let path = folder.path().join("school").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let lines = typed(&readme, "## Sell");
    assert_eq!(lines.len(), 2, "{lines:?}");
    let said: Vec<String> = lines
        .iter()
        .map(|line| {
            let output = shell(folder.path(), line).output().unwrap();
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        })
        .collect();
    assert!(said[1].contains("bread since ") && said[1].contains("(invoice-1)"), "{said:?}");
}

#[test]
fn the_tour_of_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let readme = readme();
    let files = files(&readme);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let lessons = ["_index", "01-flour", "02-dough", "03-baking"].map(|name| format!("content/bread/{name}.md"));
    assert_eq!(names[..2], ["site.yaml", "content/_index.md"]);
    assert_eq!(names[2..], lessons.each_ref().map(String::as_str));
    for (name, text) in &files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let out = folder.path().join("tierpress-out");
    build(folder.path(), &out).well();

    let read = |path: &str| fs::read_to_string(out.join(path)).unwrap();
    let (teaser, recipe) = ("Dough is flour that has met water.", "350 g of water");
    let visitor = read("public/bread/dough/index.html");
    assert!(visitor.contains(teaser) && visitor.contains("Pro") && !visitor.contains(recipe), "{visitor}");
    for tree in ["tiers/pro", "bundles/bread"] {
        let page = read(&format!("{tree}/bread/dough/index.html"));
        assert!(page.contains(teaser) && page.contains(recipe), "{tree}: {page}");
    }
    assert!(read("public/bread/flour/index.html").contains("milled grain"));
    assert!(!read("public/bread/flour/index.html").contains("list of mills"));
    assert!(read("tiers/pro/bread/flour/index.html").contains("list of mills"));
}
