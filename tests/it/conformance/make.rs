//! Makes cases of lines in tables: the request, the token, and the expectation from `decide`, which must be the one that is
//! written in the table.

use std::cell::RefCell;

use tierpress::edge::token::presented;
use tierpress::manifest::Manifest;

use super::derive;
use super::readers::Issuer;
use crate::edges::runner::cases::{Case, Expect, Or, Request, Text, Token, Who};

/// What the cases of one round have in common.
pub(super) struct Maker {
    pub(super) issuer: Issuer,
    pub(super) manifest: Manifest,
    /// Where a table and `decide` do not agree.
    pub(super) disagreements: RefCell<Vec<String>>,
}

/// Headers of a request.
pub(super) type Headers<'a> = [(&'a str, String)];

impl Maker {
    /// A case whose reader brings these tokens in these headers. `expected` is what somebody thought; it must be so.
    pub(super) fn case(
        &self,
        name: &str,
        target: &str,
        expected: &str,
        (who, headers, tokens): (&Who, &Headers<'_>, Vec<Token>),
    ) -> Case {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let target = Text::Plain(target.to_owned());
        let request = Request { method: "GET".to_owned(), target, headers, body: None, first: None };
        let case = self.derived(name, request, (who, tokens));
        let derived = derive::short(&case.expect, self.issuer.now);
        if derived != expected {
            self.disagreements.borrow_mut().push(format!("{name}: written `{expected}`, decided `{derived}`"));
        }
        case
    }

    /// A case with the token in the cookie.
    pub(super) fn cookie(&self, name: &str, target: &str, expected: &str, (who, tokens): (&Who, Vec<Token>)) -> Case {
        let headers = self.cookies(&tokens);
        self.case(name, target, expected, (who, &headers, tokens))
    }

    /// A case with the token as a bearer.
    pub(super) fn bearer(&self, name: &str, target: &str, expected: &str, (who, tokens): (&Who, Vec<Token>)) -> Case {
        let headers = [("Authorization", "Bearer {token 0}".to_owned())];
        self.case(name, target, expected, (who, &headers, tokens))
    }

    /// A line of a table: path, reader, answer.
    pub(super) fn line(&self, (target, reader, expected): (&str, &str, &str), browser: bool) -> Case {
        let tokens: Vec<Token> = self.issuer.token(reader).into_iter().collect();
        let mut headers = self.cookies(&tokens);
        if browser {
            headers.push(("Sec-Fetch-Mode", "navigate".to_owned()));
            headers.push(("Accept", "text/html".to_owned()));
        }
        let what = if browser { "navigates to" } else { "asks for" };
        self.case(&format!("{reader} {what} {target}"), target, expected, (&self.issuer.who(reader), &headers, tokens))
    }

    /// A case whose expectation is what `decide` says.
    pub(super) fn derived(&self, name: &str, request: Request, (who, tokens): (&Who, Vec<Token>)) -> Case {
        let expect = self.expect(&request, who);
        let equal =
            (expect.status == 404).then(|| "404".to_owned() + if request.method == "HEAD" { " HEAD" } else { "" });
        let mut or = Vec::new();
        if request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie")).count() > 1 {
            // A browser sends one (RFC 6265, 5.4); who sends two may be a visitor.
            let alternative = self.expect(&request, &Who::Visitor);
            let traits = vec!["one-cookie-header".to_owned()];
            or.extend((alternative != expect).then_some(Or { traits, expect: alternative }));
        }
        or.extend(self.with_joined_cookies(&request, who).filter(|or| or.expect != expect));
        Case { name: name.to_owned(), request, tokens, reader: who.clone(), expect, or, needs: None, equal }
    }

    /// What is answered by edges that are given several `Cookie` headers as one, joined by a comma as those of other
    /// headers are: behind a comma there is no cookie.
    fn with_joined_cookies(&self, request: &Request, who: &Who) -> Option<Or> {
        let values = |name: &str| {
            let named = request.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
            named.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        };
        let (cookies, authorizations) = (values("cookie"), values("authorization"));
        if cookies.len() < 2 || !authorizations.is_empty() {
            return None;
        }
        let joined = cookies.join(", ");
        let read = presented(&[], &[joined.as_bytes()], self.issuer.cookie);
        let is_token = read.is_some_and(|token| token.starts_with(b"{token ") && token.ends_with(b"}"));
        let expect = self.expect(request, if is_token { who } else { &Who::Visitor });
        Some(Or { traits: vec!["joins-cookies".to_owned()], expect })
    }

    pub(super) fn expect(&self, request: &Request, who: &Who) -> Expect {
        derive::expectation(&self.manifest, (request, who), (self.issuer.now, 0))
    }

    pub(super) fn cookies(&self, tokens: &[Token]) -> Vec<(&'static str, String)> {
        tokens.iter().map(|_| ("Cookie", format!("{}={{token 0}}", self.issuer.cookie))).take(1).collect()
    }
}

/// A case to which edges with these traits may give an error of their own.
pub(super) fn named(mut case: Case, traits: &[&str]) -> Case {
    let traits = traits.iter().map(|name| (*name).to_owned()).collect();
    case.or.push(Or { traits, expect: Expect::default() });
    case
}
