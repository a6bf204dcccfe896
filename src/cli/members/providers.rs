//! Who tells of payments, as `edge --members` and `members serve` are told: by files and the environment, never by
//! arguments, which all users of a machine can read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tierpress::account::Hook;
use tierpress::config::Config;
use tierpress::diagnostic::Diagnostic;
use tierpress::intake::{AnyApi, Intake, Parts};
use tierpress::ledger::Ledger;
use tierpress::provider::secret::Secret;
use tierpress::provider::shop::Shops;
use tierpress::provider::stripe::{Portal, SigningSecrets, Stripe, api};

use super::super::present;

/// Payment providers.
#[derive(Clone, Debug, Default, Args)]
pub(in super::super) struct ProviderArguments {
    /// A file with the signing secrets of Stripe's webhooks, whsec_…, several while one is replaced [default: TIERPRESS_STRIPE_SECRETS of the environment]
    #[arg(long, value_name = "FILE")]
    stripe_secret: Option<PathBuf>,
    #[command(flatten)]
    stripe: StripeArguments,
    /// The address of Stripe's customer portal, where buyers cancel if the key may not
    #[arg(long, value_name = "URL", env = "TIERPRESS_STRIPE_PORTAL")]
    stripe_portal: Option<Portal>,
    /// A file with the keys of other shops, NAME KEY on each line: they tell at /account/events
    #[arg(long, value_name = "FILE")]
    shop_keys: Option<PathBuf>,
}

/// How Stripe is asked.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct StripeArguments {
    /// A file with a restricted API key of Stripe's: it reads, and cancels if it may write subscriptions [default: TIERPRESS_STRIPE_KEY of the environment]
    #[arg(long, value_name = "FILE")]
    stripe_key: Option<PathBuf>,
    /// Believe Stripe's test mode, where nobody pays
    #[arg(long)]
    stripe_test: bool,
    /// Where Stripe's API is
    #[arg(long, value_name = "URL", hide = true, default_value = api::ADDRESS)]
    stripe_api: String,
}

/// Providers, read and checked.
#[derive(Debug, Default)]
pub(super) struct Providers {
    stripe: Option<(Stripe, Option<api::Client>)>,
    shops: Option<Shops>,
}

impl ProviderArguments {
    pub(super) fn read(&self) -> Result<Providers, Box<Diagnostic>> {
        let secrets = text(self.stripe_secret.as_deref(), "TIERPRESS_STRIPE_SECRETS")?;
        let key = self.stripe.key()?;
        let test = self.stripe.stripe_test;
        let stripe = match (secrets, key) {
            (Some(secrets), key) => {
                let key = key.map(|key| self.stripe.client(&key)).transpose()?;
                let several = Secret::several(&secrets).map_err(|error| fault(&error, STRIPE_SECRET))?;
                let secrets = SigningSecrets::new(&several).map_err(|error| fault(&error, STRIPE_SECRET))?;
                Some((Stripe::new(secrets, test).with_portal(self.stripe_portal.clone()), key))
            }
            (None, None) if !test => None,
            (None, _) => {
                let lonely = Diagnostic::setup("nothing of Stripe's is believed: there is no signing secret");
                return Err(Box::new(lonely.help("give `--stripe-secret FILE` or TIERPRESS_STRIPE_SECRETS")));
            }
        };
        let shops = match &self.shop_keys {
            Some(path) => {
                let text = file(path)?;
                let help = "write NAME KEY on each line; a key has at least 32 characters";
                Some(Shops::read(&text).map_err(|error| fault(&error, help))?)
            }
            None => None,
        };
        Ok(Providers { stripe, shops })
    }
}

impl StripeArguments {
    /// Who asks Stripe, where there is a key to ask with.
    pub(super) fn read(&self) -> Result<Option<api::Client>, Box<Diagnostic>> {
        self.key()?.map(|key| self.client(&key)).transpose()
    }

    fn key(&self) -> Result<Option<String>, Box<Diagnostic>> {
        text(self.stripe_key.as_deref(), "TIERPRESS_STRIPE_KEY")
    }

    fn client(&self, key: &str) -> Result<api::Client, Box<Diagnostic>> {
        let key = Secret::new(key).map_err(|error| fault(&error, STRIPE_KEY))?;
        api::Client::new(&self.stripe_api, key, self.stripe_test).map_err(|error| fault(&error, STRIPE_KEY))
    }
}

const STRIPE_SECRET: &str = "Stripe shows it beside the webhook endpoint: whsec_…";
const STRIPE_KEY: &str = "make a restricted key, rk_live_…, that may read checkout sessions, invoices and payment intents, \
     and write subscriptions; for rk_test_… give `--stripe-test`";

impl Providers {
    /// What takes in what they send.
    pub(super) fn hooks(self, config: &Config, ledger: &Ledger) -> BTreeMap<String, Arc<dyn Hook>> {
        let parts = || Parts { config: config.clone(), ledger: ledger.clone(), clock: present };
        let mut hooks: BTreeMap<String, Arc<dyn Hook>> = BTreeMap::new();
        if let Some((stripe, client)) = self.stripe {
            let api = client.map(|client| Box::new(client) as AnyApi);
            hooks.insert("stripe".to_owned(), Arc::new(Intake::stripe(stripe, api, parts())));
        }
        if let Some(shops) = self.shops {
            hooks.insert("events".to_owned(), Arc::new(Intake::shops(shops, parts())));
        }
        hooks
    }
}

/// What a file says, or else the environment.
fn text(path: Option<&Path>, variable: &str) -> Result<Option<String>, Box<Diagnostic>> {
    match path {
        Some(path) => file(path).map(Some),
        None => Ok(std::env::var(variable).ok().filter(|text| !text.is_empty())),
    }
}

fn file(path: &Path) -> Result<String, Box<Diagnostic>> {
    tierpress::fs::read_text(path).map_err(|error| Box::new(Diagnostic::setup(error.to_string())))
}

fn fault(error: &dyn std::fmt::Display, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::setup(error.to_string()).help(help))
}
