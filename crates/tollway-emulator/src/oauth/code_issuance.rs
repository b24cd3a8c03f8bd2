//! Issuing an authorization code after the seller's consent on the authorize page.

use std::collections::BTreeMap;

use crate::accounts::sellers::{self, Seller};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::oauth::codes::{self, AuthorizationCode};
use crate::oauth::seller_profile::{self, FieldError};
use crate::world::GrantScope;

/// The account that consents on the authorize page.
#[derive(Debug)]
pub(super) enum SellerChoice {
    /// An existing account, by its id.
    Existing(String),
    /// A new account, from the form.
    New(BTreeMap<String, String>),
    /// A new account with the form skipped, from the prefills.
    Skipped(BTreeMap<String, String>),
}

/// Why the authorize page is shown again.
#[derive(Debug)]
pub(super) enum FormRejection {
    /// One sentence.
    Message(String),
    /// Errors of single fields.
    Fields(Vec<FieldError>),
}

/// What an application requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeRequest<'a> {
    /// `ca_…`.
    pub(super) client_id: &'a str,
    pub(super) scope: GrantScope,
    /// `standard` or `express`.
    pub(super) account_type: &'a str,
    /// `suggested_capabilities[]`.
    pub(super) capabilities: &'a [String],
}

/// How [`issue_code`] ends.
#[derive(Debug)]
pub(super) enum IssueCodeOutcome {
    /// The authorization code, `ac_…`.
    Issued(String),
    /// The form must be corrected; nothing was changed.
    Rejected(FormRejection),
}

/// Issues a code for the account that consented.
///
/// # Errors
/// A 500 if the stored seller cannot be read.
pub(super) fn issue_code(
    ctx: &mut Ctx<'_>,
    choice: SellerChoice,
    request: CodeRequest<'_>,
) -> Result<IssueCodeOutcome, ApiError> {
    let seller = match seller_of_choice(ctx, choice, request) {
        Ok(seller) => seller,
        Err(NoSeller::Rejected(rejection)) => return Ok(IssueCodeOutcome::Rejected(rejection)),
        Err(NoSeller::Failed(error)) => return Err(error),
    };
    sellers::save_seller(ctx.world, &seller);
    let code = AuthorizationCode {
        id: format!("ac_{}", ctx.world.random.alphanumeric(32)),
        client_id: request.client_id.to_owned(),
        account: seller.account,
        scope: request.scope,
        created: ctx.now(),
        redeemed: false,
    };
    codes::save_code(ctx.world, ctx.scope.mode, &code);
    Ok(IssueCodeOutcome::Issued(code.id))
}

/// Why no account consents.
enum NoSeller {
    Rejected(FormRejection),
    Failed(ApiError),
}

impl From<ApiError> for NoSeller {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

fn seller_of_choice(
    ctx: &mut Ctx<'_>,
    choice: SellerChoice,
    request: CodeRequest<'_>,
) -> Result<Seller, NoSeller> {
    let account_type = request.account_type;
    let now = ctx.now();
    match choice {
        SellerChoice::Existing(account) => existing_seller(ctx, &account, request),
        SellerChoice::New(form) => {
            let account = ctx.new_id("account");
            let seller = seller_profile::from_form(&form, &account, account_type, now);
            let seller =
                seller.map_err(|errors| NoSeller::Rejected(FormRejection::Fields(errors)))?;
            Ok(with_capabilities(ctx, seller, request))
        }
        SellerChoice::Skipped(prefills) => {
            let account = ctx.new_id("account");
            let seller = seller_profile::test_seller(&prefills, &account, account_type, now);
            Ok(with_capabilities(ctx, seller, request))
        }
    }
}

fn existing_seller(
    ctx: &Ctx<'_>,
    account: &str,
    request: CodeRequest<'_>,
) -> Result<Seller, NoSeller> {
    let rejected = |message| NoSeller::Rejected(FormRejection::Message(message));
    let account_type = request.account_type;
    let seller = sellers::load_seller(ctx.world, account)?
        .filter(|seller| seller.kind == account_type)
        .ok_or_else(|| {
            rejected(format!(
                "There is no {account_type} account '{account}' to sign in to."
            ))
        })?;
    match scope_refusal(&seller, request.scope) {
        None => Ok(seller),
        Some(reason) => Err(rejected(format!(
            "This account {reason}. Choose another one or create a new one."
        ))),
    }
}

/// A new Express seller with the suggested capabilities that exist; Stripe ignores the others silently.
fn with_capabilities(ctx: &Ctx<'_>, mut seller: Seller, request: CodeRequest<'_>) -> Seller {
    if request.account_type == "express" {
        let described = ctx.services.description().object("account_capabilities");
        let exists = |name: &&String| described.is_some_and(|object| object.field(name).is_some());
        seller.capabilities = request
            .capabilities
            .iter()
            .filter(exists)
            .cloned()
            .collect();
    }
    seller
}

/// Why an account cannot grant this scope, as the end of a sentence.
pub(super) fn scope_refusal(seller: &Seller, scope: GrantScope) -> Option<String> {
    let controller = seller
        .controlled_by
        .as_ref()
        .filter(|_| scope == GrantScope::ReadWrite)?;
    Some(format!("is already controlled by {controller}"))
}
