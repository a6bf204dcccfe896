//! The one who looks: a browser in which a page is open, which tells when a document has loaded and what it says.
//!
//! Nobody reloads and nobody polls. Whatever the server does to the page makes it load again, and each document, when it
//! has loaded with all that belongs to it, sends its text by a binding of the protocol. It is the same for all servers.

use std::error::Error;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::chromium::{Browser, Page};

/// A save that is not seen after so long, while its server does nothing, never will be.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// Run in each document before anything of its own.
const TELL: &str = "if (window === top) addEventListener('load', () => tell(document.documentElement.textContent))";

/// A page in a browser.
pub(crate) struct Observer {
    page: Page,
    _browser: Browser,
}

impl Observer {
    /// Starts a browser.
    pub(crate) fn new() -> Self {
        let mut browser = Browser::start();
        let mut page = browser.tab();
        page.call("Runtime.addBinding", json!({"name": "tell"}));
        page.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": TELL}));
        Self { page, _browser: browser }
    }

    /// Opens an address.
    pub(crate) fn open(&mut self, url: &str) {
        self.page.go(url);
        self.forget();
    }

    /// Takes note of everything up to now.
    pub(crate) fn forget(&mut self) {
        // What is on the console is between the page and its server.
        self.page.problems();
    }

    /// When a document had loaded that shows what is wanted; none where none does before the deadline.
    ///
    /// # Errors
    ///
    /// Where the browser is gone.
    pub(crate) fn sees(
        &mut self,
        wanted: impl Fn(&str) -> bool,
        deadline: Instant,
    ) -> Result<Option<Instant>, Box<dyn Error>> {
        while let Some(event) = self.page.event("Runtime.bindingCalled", deadline)? {
            if event.params["payload"].as_str().is_some_and(&wanted) {
                return Ok(Some(event.at));
            }
        }
        Ok(None)
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.forget();
    }
}
