//! The one reading of a request's path (design 6.1): refuse, do not normalise.
//!
//! Two edges that read a path differently are a way in. So a target that any server might fold, cut or decode twice is
//! refused; what is left is decoded once and looked up as it is.

/// The longest path, in bytes as they are sent.
const LONGEST: usize = 2048;

/// Why a request target has no canonical path: the answer is 400.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Refused {
    /// It does not begin with `/`, after scheme and host.
    #[error("the path does not begin with `/`")]
    NoSlash,
    /// It has more than 2048 bytes.
    #[error("the path is longer than 2048 bytes")]
    TooLong,
    /// A control character, a blank, `\`, `;` or `#`.
    #[error("the path has a character that servers read differently")]
    BadCharacter,
    /// A `%` without two hexadecimal digits.
    #[error("the path has a malformed `%`")]
    BadEscape,
    /// An escaped control character, `/`, `\`, `%`, `;` or `.`.
    #[error("the path escapes a character that servers read differently")]
    BadEscaped,
    /// `//`, or a segment `.` or `..`.
    #[error("the path has an empty segment, `.` or `..`")]
    BadSegment,
    /// The decoded bytes are not UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
}

/// The canonical path of a raw request target: without scheme, host and query, decoded once.
///
/// # Errors
/// [`Refused`], where a server or proxy might read it otherwise.
pub fn canonical(target: &[u8]) -> Result<String, Refused> {
    let path = without_host(target);
    let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
    if path.first() != Some(&b'/') {
        return Err(Refused::NoSlash);
    }
    if path.len() > LONGEST {
        return Err(Refused::TooLong);
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            0x00..=0x20 | 0x7f | b'\\' | b';' | b'#' => return Err(Refused::BadCharacter),
            b'%' => {
                let escaped = escaped(bytes.next(), bytes.next()).ok_or(Refused::BadEscape)?;
                if matches!(escaped, 0x00..=0x1f | 0x7f | b'/' | b'\\' | b'%' | b';' | b'.') {
                    return Err(Refused::BadEscaped);
                }
                decoded.push(escaped);
            }
            byte => decoded.push(*byte),
        }
    }
    let path = String::from_utf8(decoded).map_err(|_| Refused::NotUtf8)?;
    if has_bad_segment(&path) { Err(Refused::BadSegment) } else { Ok(path) }
}

/// Whether there is a request target, as browsers send them, whose canonical path is exactly this one.
#[must_use]
pub fn is_servable(path: &str) -> bool {
    let plain = |byte: u8| !matches!(byte, 0x00..=0x1f | 0x7f | b'\\' | b';' | b'%');
    // A byte becomes three at the most.
    let fits = path.len() <= LONGEST / 3 || encode(path).len() <= LONGEST;
    path.starts_with('/') && path.bytes().all(plain) && !has_bad_segment(path) && fits
}

/// A path to go on to that came in a request, encoded and without its query; `None` for anything but a path of this site. It
/// may come encoded, as links have it, or decoded, as it is when the `next` of one of our redirects was read.
#[must_use]
pub fn next(text: &str) -> Option<String> {
    // A canonical target may be a whole URL, but nobody is sent to another host from here.
    if !text.starts_with('/') {
        return None;
    }
    if let Ok(path) = canonical(text.as_bytes()) {
        return Some(encode(&path));
    }
    let path = text.split('?').next().unwrap_or_default();
    is_servable(path).then(|| encode(path))
}

/// The origin of a URL as browsers write it (RFC 6454, 6.1): a host in other letters than ASCII's as DNS has it. `None` for
/// what is no URL of the web.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    // The colons of an IPv6 address stand in brackets.
    let is_port = |port: &str| port.bytes().all(|c| c.is_ascii_digit());
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => (host, Some(port).filter(|port| *port != usual && !port.is_empty())),
        Some(_) | None => (authority, None),
    };
    let host = idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_ascii_lowercase());
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    (!host.is_empty()).then(|| format!("{scheme}://{host}{port}"))
}

/// A canonical path as it stands in `Location`, in links and in sitemaps: percent-encoded where RFC 3986 asks for it, and
/// where HTML or XML would need an escape (`&` and `'`).
#[must_use]
pub fn encode(path: &str) -> String {
    escape(path, b"-._~/!$()*+,=:@")
}

/// A canonical path as the value of a query parameter: all but letters, digits, `-._~` and `/` is percent-encoded.
#[must_use]
pub fn encode_strictly(path: &str) -> String {
    escape(path, b"-._~/")
}

/// The URL of a place to sign in with `next=PATH` at its end: a canonical path to go on to.
#[must_use]
pub fn with_next(url: &str, path: &str) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, fragment)| (url, Some(fragment)));
    let joint = if !url.contains('?') {
        "?"
    } else if url.ends_with(['?', '&']) {
        ""
    } else {
        "&"
    };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{url}{joint}next={}{fragment}", encode_strictly(path))
}

fn escape(path: &str, plain: &[u8]) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(
                [byte >> 4, byte & 15]
                    .map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()),
            );
        }
    }
    encoded
}

/// The target from its path on, where it is a whole URL (RFC 9112, 3.2.2, absolute-form).
fn without_host(target: &[u8]) -> &[u8] {
    let scheme = [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| {
        let (head, rest) = target.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let Some(rest) = scheme else { return target };
    let path = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
    path.and_then(|path| rest.get(path..)).unwrap_or_default()
}

fn escaped(high: Option<&u8>, low: Option<&u8>) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high?)? << 4 | digit(low?)?)
}

/// Whether there is `//`, or a segment `.` or `..`. A path may end in `/`.
fn has_bad_segment(path: &str) -> bool {
    path.contains("//") || path.split('/').any(|segment| segment == "." || segment == "..")
}
