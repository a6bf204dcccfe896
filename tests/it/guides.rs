//! The guides for sellers, done as they stand there: their files are written, their commands typed into one shell in their
//! order, in an empty folder; and what they promise is looked at in between.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::account::browser;
use crate::edges::{free_address, program};
use crate::provider::{SECRET, body, sign};
use crate::server::{http, until};

/// What a guide has its reader do.
#[derive(Debug)]
enum Step {
    /// A file: the block after a paragraph that begins with its name.
    File(String, String),
    /// Lines for a shell.
    Type(String),
}

fn steps(name: &str) -> Vec<Step> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let (mut steps, mut file, mut blank) = (Vec::new(), None, true);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: String =
                lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            match (file.take(), language) {
                (_, "sh") => steps.push(Step::Type(block)),
                (Some(name), _) => steps.push(Step::File(name, block)),
                (None, _) => {}
            }
        } else if blank && let Some((name, _)) = line.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            file = Some(name.to_owned());
        }
        blank = line.is_empty();
    }
    steps
}

/// A shell that stays open, in a folder of its own, as somebody has who follows a guide.
struct Shell {
    folder: tempfile::TempDir,
    child: Child,
    stdin: ChildStdin,
    said: BufReader<std::process::ChildStdout>,
    address: SocketAddr,
}

impl Shell {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tools = folder.path().join("tools");
        std::fs::create_dir(&tools).unwrap();
        // In the place of Stripe's own command line, which needs an account: it prints a secret, and that is all it is for.
        std::fs::write(tools.join("stripe"), format!("#!/bin/sh\necho {SECRET}\n")).unwrap();
        std::fs::set_permissions(tools.join("stripe"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = [tools, program("tierpress").parent().unwrap().to_path_buf()];
        let known = std::env::var_os("PATH").unwrap();
        let path = path.into_iter().chain(std::env::split_paths(&known));
        let home = folder.path().join("home");
        std::fs::create_dir(&home).unwrap();
        let mut command = Command::new("sh");
        command.current_dir(&home).env("PATH", std::env::join_paths(path).unwrap()).env_remove("TIERPRESS_DB");
        command.env_remove("TIERPRESS_BASE_URL").env_remove("SOURCE_DATE_EPOCH").process_group(0);
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let (stdin, said) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { folder, child, stdin, said, address: free_address() }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Types lines, each of which must go well, and gives what they print.
    #[track_caller]
    fn types(&mut self, lines: &str) -> String {
        let port = self.address.port().to_string();
        let lines = lines
            .replace("127.0.0.1:8080", &self.address.to_string())
            .replace("localhost:8080", &format!("localhost:{port}"));
        // A test waits for what it started; a person needs a moment.
        let lines = lines.replace("sleep 2\n", "");
        let starts = lines.contains("--listen");
        write!(self.stdin, "set -e\n{lines}set +e\necho; echo the-end\n").unwrap();
        let mut printed = String::new();
        loop {
            let before = printed.len();
            assert!(self.said.read_line(&mut printed).unwrap() > 0, "{lines}\n{printed}\n{}", self.log());
            if &printed[before..] == "the-end\n" {
                printed.truncate(before);
                break;
            }
        }
        if starts {
            until("the edge", || {
                let ended = self.log().contains("nothing is served");
                assert!(!ended, "{}", self.log());
                http::Client::try_connect(self.address).is_ok()
            });
        }
        printed
    }

    /// Does the steps of a guide up to one that types these words, and it too.
    #[track_caller]
    fn goes(&mut self, steps: &mut std::vec::IntoIter<Step>, up_to: &str, folder: &str) -> String {
        for step in steps.by_ref() {
            match step {
                Step::File(name, text) => std::fs::write(self.home().join(folder).join(name), text).unwrap(),
                Step::Type(lines) => {
                    let printed = self.types(&lines);
                    if lines.contains(up_to) {
                        return printed;
                    }
                }
            }
        }
        panic!("the guide has no `{up_to}`");
    }

    /// Signs somebody in as a browser does, and gives the page that a path leads to.
    #[track_caller]
    fn reads(&self, address: &str, path: &str) -> String {
        let before = self.mails().len();
        let mut browser = browser::Browser::new(self.address, &format!("http://localhost:{}", self.address.port()));
        browser.ask_for_link(address, path);
        until("the mail", || self.mails().len() > before);
        let mail = self.mails().pop().unwrap();
        let link = mail.split_whitespace().find(|word| word.contains("/account/link?t=")).expect("a link on one line");
        browser.use_link(link.split_once("/account/").map(|(_, rest)| format!("/account/{rest}")).unwrap().as_str());
        browser.get(path)
    }

    /// What mails say, the newest last.
    fn mails(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.home().join("shop/mails")) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
        paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// Stripe tells something, in test mode.
    #[track_caller]
    fn stripe(&self, said: &str) {
        let body = String::from_utf8(body(said)).unwrap().replace("\"livemode\":true", "\"livemode\":false");
        let now = crate::edges::runner::stage::real_now();
        let signature = format!("t={now},v1={}", sign(SECRET, now, body.as_bytes()));
        let head = format!("host: localhost\r\nstripe-signature: {signature}\r\ncontent-length: {}", body.len());
        let mut client = http::Client::connect(self.address);
        client.send(format!("POST /account/hooks/stripe HTTP/1.1\r\n{head}\r\n\r\n{body}").as_bytes());
        let answer = client.answer("POST").unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "{\"kept\":true}"), "{}", self.log());
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let killed = killpg(group, Signal::SIGKILL);
        let ended = self.child.wait();
        assert!(ended.is_ok() || std::thread::panicking(), "{killed:?} {ended:?}");
    }
}

const LESSON: &str = "This lesson is for those who bought the course.";

#[test]
fn from_nothing_to_the_first_sale() {
    let mut shell = Shell::open();
    let mut steps = the_first_sale();
    shell.goes(&mut steps, "cd shop", "shop");
    shell.goes(&mut steps, "--mail-dir", "shop");
    let visitor = http::ask(shell.address, "GET", "/course/first-steps/", &[]).text();
    assert!(visitor.contains("€49.00") && !visitor.contains(LESSON), "{visitor}");

    // By hand.
    let shown = shell.goes(&mut steps, "members show ada@", "shop");
    assert!(shown.contains("starter-course since") && shown.contains("invoice-1"), "{shown}");
    let said = shell.types("tierpress members grant ada@learn.example course 2>&1 || true\n");
    assert!(said.contains("the product `course` sells `starter-course`: write that"), "{said}");
    assert!(shell.reads("ada@learn.example", "/course/first-steps/").contains(LESSON));
    assert!(!shell.reads("eve@learn.example", "/course/first-steps/").contains(LESSON));
    let why = shell.goes(&mut steps, "members why", "shop");
    assert!(why.starts_with("/course/first-steps/ is open for "), "{why}");
    let list = shell.goes(&mut steps, "members list", "shop");
    assert!(list.contains("bob@learn.example"), "{list}");
    shell.goes(&mut steps, "members revoke", "shop");
    let bob = shell.types("tierpress members show bob@learn.example\n");
    assert!(bob.contains("active, until 2028-01-01 (bob-2027)") && bob.contains("cancelled"), "{bob}");

    // By a shop.
    let sold = shell.goes(&mut steps, "members show cem@", "shop");
    assert_eq!(sold.matches("{\"kept\":true}").count(), 2, "{sold}");
    assert!(sold.contains("starter-course since") && sold.contains("order-1042"), "{sold}");
    assert!(shell.reads("cem@learn.example", "/course/first-steps/").contains(LESSON));

    // By Stripe in test mode: the course once, the membership by the month.
    shell.goes(&mut steps, "--stripe-test", "shop");
    shell.stripe(
        "{id: evt_1, type: checkout.session.completed, object: {session: {mode: payment, subscription: null, customer: cus_1, \
         payment_intent: pi_1, payment_link: plink_1TestCourse, client_reference_id: null, payment_status: paid, \
         amount_total: 4900, customer_details: {email: dora@learn.example}}}}",
    );
    let lesson = shell.reads("dora@learn.example", "/course/first-steps/");
    assert!(lesson.contains(LESSON) && !lesson.contains("members as well"), "{lesson}");
    shell.stripe(
        "{id: evt_2, type: customer.subscription.created, object: {subscription: {customer: cus_1, prices: [price_1TestMember], \
         period: [\"@0\", \"@20000\"]}}}",
    );
    shell.stripe(
        "{id: evt_3, type: invoice.paid, object: {invoice: {customer: cus_1, customer_email: dora@learn.example, \
         lines: [{price: price_1TestMember, from: \"@0\", to: \"@20000\"}]}}}",
    );
    let told = shell.goes(&mut steps, "--unread", "shop");
    assert!(told.contains("0 events not understood"), "{told}");

    // What is left: keys, and that all of it still starts.
    for step in steps {
        match step {
            Step::File(name, text) => std::fs::write(shell.home().join("shop").join(name), text).unwrap(),
            Step::Type(lines) => drop(shell.types(&lines)),
        }
    }
    assert!(shell.reads("dora@learn.example", "/course/first-steps/").contains(LESSON));
    // Whoever keeps the folder in git keeps the site in it, and nothing that is secret or about people.
    let kept = shell.types("git init -q . && git ls-files --others --exclude-standard\n");
    let kept: Vec<&str> = kept.lines().filter(|name| !name.is_empty() && !name.starts_with("content/")).collect();
    assert_eq!(kept, [".gitignore", "site.yaml"]);
}

/// Its steps; `site.yaml` is introduced by a sentence, not by its name.
fn the_first_sale() -> std::vec::IntoIter<Step> {
    let steps = steps("first-sale.md");
    assert!(steps.iter().any(|step| matches!(step, Step::File(name, _) if name == "site.yaml")), "{steps:?}");
    steps.into_iter()
}

/// The shop of the first guide, built.
fn shop() -> Shell {
    let mut shell = Shell::open();
    let mut steps = the_first_sale();
    shell.goes(&mut steps, "cd shop", "shop");
    for step in steps {
        if let Step::File(name, text) = step
            && name == "site.yaml"
        {
            std::fs::write(shell.home().join("shop/site.yaml"), text).unwrap();
        }
    }
    shell.types("cd ..\n");
    shell
}

#[test]
fn members_move_here_and_go_on_paying() {
    let mut shell = shop();
    let mut steps = steps("moving.md").into_iter();
    let list = shell.goes(&mut steps, "members list --db members.db", "");
    assert!(list.contains("3 members") && list.contains("2025-03-01") && list.contains("2024-11-20"), "{list}");
    let trial = shell.goes(&mut steps, "--now 2027-02-15", "");
    assert!(trial.contains("member since 2025-03-01, active, until 2027-01-05"), "{trial}");
    assert!(trial.contains("/course/first-steps/ is open for "), "{trial}");
    assert!(steps.next().is_none());

    // Ada's next payment is told by Stripe, without an address: the membership goes on with its old beginning.
    let dates = shell.types("tierpress members show Ada@learn.example --db members.db --root shop --now 2027-01-03\n");
    assert!(dates.contains("token: member since 2025-03-01"), "{dates}");
    std::fs::write(shell.home().join("stripe.secret"), format!("{SECRET}\n")).unwrap();
    shell.types(
        "tierpress build --root shop --base-url http://localhost:8080\n\
         tierpress edge --root shop --manifest shop/tierpress-out/manifest.json --members members.db --mail-dir mails \
         --stripe-secret stripe.secret --stripe-test --base-url http://localhost:8080 --listen 127.0.0.1:8080 &\n",
    );
    shell.stripe(
        "{id: evt_1, type: invoice.paid, object: {invoice: {customer: cus_Ada1, customer_email: null, \
         billing_reason: subscription_cycle, lines: [{price: price_1TestMember, from: \"@0\", to: \"@31\"}]}}}",
    );
    let ada = shell.types("tierpress members show ada@learn.example --db members.db --root shop\n");
    assert!(ada.contains("sub_1") && ada.contains("token: member since 2025-03-01"), "{ada}");
    let waits = shell.types("tierpress members accept ada@learn.example --db members.db --root shop\n");
    assert!(!waits.contains("sub_1"), "{waits}");
}

#[test]
fn what_is_known_of_somebody_is_shown_and_forgotten() {
    let mut shell = shop();
    shell.types("cd shop\nexport TIERPRESS_DB=members.db\n");
    shell.types("tierpress members grant ada@learn.example starter-course --new --id invoice-1\n");
    let mut steps = steps("privacy.md").into_iter();
    shell.goes(&mut steps, "members show", "shop");
    let told = std::fs::read_to_string(shell.home().join("shop/ada.json")).unwrap();
    assert!(told.contains("ada@learn.example") && told.contains("starter-course"), "{told}");
    assert!(std::fs::read_to_string(shell.home().join("shop/ada-events.json")).unwrap().contains("invoice-1"));
    shell.goes(&mut steps, "members erase", "shop");
    shell.goes(&mut steps, "members export", "shop");
    assert!(steps.next().is_none());
    for name in ["members.db", "members.db-wal", "backup.jsonl"] {
        let bytes = std::fs::read(shell.home().join("shop").join(name)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains("ada@"), "{name}");
    }
    let backup = std::fs::read_to_string(shell.home().join("shop/backup.jsonl")).unwrap();
    assert!(backup.contains("invoice-1"), "what was sold stays: {backup}");
}
