//! The examples at the end of each command's `--help`, in one place, so that a test can try them all.
//!
//! Commands with more to say at their end (`serve`, `diff`, `edge`, `token`, …) keep their examples themselves.

/// What stands at the end of a command's help; nothing where it says so itself.
pub(super) fn of(command: &str) -> Option<&'static str> {
    TEXTS.into_iter().find(|(name, _)| *name == command).map(|(_, text)| text)
}

const TEXTS: [(&str, &str); 10] = [
    (
        "init",
        "\
Examples:
  tierpress init my-school              two tiers, a bundle, a few pages
  tierpress init my-school --example    a whole small school, with everything to look at",
    ),
    (
        "new",
        "\
Examples:
  tierpress new post 'Why salt matters'               content/blog/2026-12-01-why-salt-matters.md
  tierpress new lesson 'Shaping' --section sourdough  content/sourdough/05-shaping.md
  tierpress new course 'Rye bread'                    content/rye-bread/_index.md

What is made is a draft: take `draft: true` out to publish it. No file is ever overwritten; the path is printed.
Your own text for new pages: archetypes/post.md, lesson.md, course.md or default.md, in which {{ title }}, {{ date }},
{{ slug }} and {{ number }} are filled in.",
    ),
    (
        "build",
        "\
Examples:
  tierpress build                             into tierpress-out/, beside site.yaml
  tierpress build --root school --out /srv/school --compress
  tierpress build --now 2026-12-24 --drafts   as it will be on that day, drafts among it
  tierpress build --strict --format json      for CI: exit code 3 on a warning; publishes nothing that opens what was closed",
    ),
    (
        "check",
        "\
Examples:
  tierpress check
  tierpress check --strict --format json    for CI: exit code 3 on a warning",
    ),
    (
        "explain",
        "\
Examples:
  tierpress explain /course/two/                    tags, where each comes from, who can open it and when
  tierpress explain '/course/two/#block-2'          a gated block
  tierpress explain content/course/02-two.md:14     the part of the page that this line is in
  tierpress explain /course/two/sheet.pdf           a file: what shows it, and why that is its rule
  tierpress explain /course/two/ --as basic/30d+rust-course@2026-12-01

A reader is `visitor`, or tiers and bundles joined by `+`, each ID[/START or /AGE][!frozen or !expired], then @DATE.
Exit code 1 where there is no such path.",
    ),
    (
        "list",
        "\
Examples:
  tierpress list
  tierpress list --skipped                  what is not published, and why
  tierpress list --access pro --format csv  for a spreadsheet",
    ),
    (
        "export",
        "\
Examples:
  tierpress export nginx --manifest tierpress-out/manifest.json --out /etc/nginx/school
  tierpress export haproxy --manifest tierpress-out/manifest.json --out haproxy --jwks token.jwks.json
  tierpress export worker --manifest tierpress-out/manifest.json --out worker --key token.jwks.json",
    ),
    (
        "schema",
        "\
Examples:
  tierpress schema manifest > manifest.schema.json
  tierpress schema explain",
    ),
    (
        "completions",
        "\
Examples:
  tierpress completions bash > ~/.local/share/bash-completion/completions/tierpress
  tierpress completions zsh > ~/.zfunc/_tierpress
  tierpress completions fish > ~/.config/fish/completions/tierpress.fish",
    ),
    (
        "man",
        "\
Examples:
  tierpress man build | man -l -
  tierpress man --out ~/.local/share/man/man1",
    ),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

    use std::path::Path;

    use clap::Parser as _;
    use clap::error::ErrorKind;

    use super::super::{Cli, command};

    /// The words of a line as a shell would part them; nothing where it is not a plain call of ours.
    fn words(line: &str) -> Option<Vec<String>> {
        let line = line.trim().trim_start_matches("$ ");
        if !line.starts_with("tierpress ") {
            return None;
        }
        let mut words: Vec<String> = Vec::new();
        let mut word: Option<String> = None;
        let mut quote: Option<char> = None;
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            match (quote, letter) {
                (Some(open), letter) if letter == open => quote = None,
                (Some(_), letter) => word.get_or_insert_default().push(letter),
                (None, '\'' | '"') => {
                    quote = Some(letter);
                    word.get_or_insert_default();
                }
                // Two blanks part an example from what is said of it.
                (None, ' ') if letters.peek() == Some(&' ') => break,
                (None, ' ') => words.extend(word.take()),
                (None, '|' | '>' | '&' | ';' | '<') => break,
                (None, '#') if word.is_none() => break,
                (None, letter) => word.get_or_insert_default().push(letter),
            }
        }
        words.extend(word.take());
        Some(words)
    }

    /// Lines that go on with a backslash are one.
    fn calls(text: &str) -> Vec<Vec<String>> {
        let mut whole = String::new();
        for line in text.lines() {
            let goes_on = whole.ends_with('\\');
            whole.truncate(whole.len() - usize::from(goes_on));
            let line = if goes_on { line.trim_start() } else { line };
            whole.push_str(if goes_on || whole.is_empty() { "" } else { "\n" });
            whole.push_str(line);
        }
        whole.lines().filter_map(words).collect()
    }

    fn parse(call: &[String], place: &str, faults: &mut Vec<String>) {
        let names: Vec<String> = command().get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        // Another command's page may tell of one that is not there yet, and `tierpress --help` is not a fault.
        let asks = |call: &[String]| call.iter().any(|word| word == "--help" || word == "--version" || word == "help");
        if asks(call) {
            return;
        }
        if let Some(name) = call.get(1)
            && !names.contains(name)
        {
            faults.push(format!("{place}: there is no command `{name}`"));
        } else if let Err(error) = Cli::try_parse_from(call) {
            // `…` stands for a value, or for the rest of a call that was told before.
            let rest = Cli::try_parse_from(call.iter().filter(|word| *word != "…"));
            let is_told = |error: &clap::Error| error.kind() == ErrorKind::MissingRequiredArgument;
            if !call.iter().any(|word| word == "…") || !rest.err().as_ref().is_none_or(is_told) {
                faults.push(format!("{place}: {}\n{error}", call.join(" ")));
            }
        }
    }

    #[test]
    fn every_command_ends_with_examples_that_parse() {
        let mut faults = Vec::new();
        let commands = command();
        for sub in commands.get_subcommands() {
            let text = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            let found = calls(&text);
            if found.is_empty() || !text.starts_with("Example") {
                faults.push(format!("`{}` has no example", sub.get_name()));
            }
            found.iter().for_each(|call| parse(call, &format!("help of {}", sub.get_name()), &mut faults));
        }
        let own = calls(&commands.get_after_help().map(ToString::to_string).unwrap_or_default());
        assert!(own.len() >= 4, "{own:?}");
        own.iter().for_each(|call| parse(call, "help", &mut faults));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn every_example_of_the_docs_parses() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut faults = Vec::new();
        let mut count = 0;
        let mut files = vec![root.join("README.md")];
        let mut folders = vec![root.join("docs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "md") {
                    files.push(path);
                }
            }
        }
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let mut code = String::new();
            let mut is_code = false;
            for line in text.lines() {
                if line.starts_with("```") {
                    is_code = !is_code;
                } else if is_code {
                    code.push_str(line);
                    code.push('\n');
                }
            }
            for call in calls(&code) {
                count += 1;
                parse(&call, &file.display().to_string(), &mut faults);
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(count >= 10, "{count} examples");
    }

    #[test]
    fn words_are_parted_as_a_shell_does() {
        let parted = |line: &str| words(line).unwrap_or_default().join("·");
        assert_eq!(parted("tierpress new post 'Why salt'   a comment"), "tierpress·new·post·Why salt");
        assert_eq!(parted("$ tierpress list | head"), "tierpress·list");
        assert_eq!(parted("tierpress explain /a/#block-2 # x"), "tierpress·explain·/a/#block-2");
        assert_eq!(parted("cargo run"), "");
    }
}
