//! Which accounts a platform may act for, and the tokens that were given out.
//!
//! A connection is one record per account and mode in the platform's scope. The request front asks it for every
//! `Stripe-Account`; OAuth and API-made accounts write it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{PrivateRecord, WorldState, read_private_record};
use crate::scope::Mode;
use crate::store::{Collection, Query, Record};

/// What a platform may do with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantScope {
    /// Reading only.
    ReadOnly,
    /// Everything.
    ReadWrite,
    /// The scope of Express accounts.
    Express,
}

impl GrantScope {
    /// Stripe's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::ReadWrite => "read_write",
            Self::Express => "express",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::ReadOnly, Self::ReadWrite, Self::Express]
            .into_iter()
            .find(|scope| scope.as_str() == text)
    }
}

/// How the account came to the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionKind {
    /// Its owner clicked Connect.
    OAuth,
    /// The platform made it by the API and controls it.
    Api,
}

/// A platform's access to one account in one mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// The connected account.
    pub account: Arc<str>,
    /// The client id it was connected through; none for accounts made by the API.
    pub client_id: Option<String>,
    /// How it came about.
    pub kind: ConnectionKind,
    /// What the platform may do.
    pub scope: GrantScope,
    /// Whether it still holds. A disconnected account answers `account_invalid`.
    pub active: bool,
    /// When it was made, unix seconds.
    pub connected_at: i64,
    /// When it ended, unix seconds.
    pub disconnected_at: Option<i64>,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// An access token: works as an API key of the connected account.
    Access,
    /// A refresh token.
    Refresh,
    /// The connected account's publishable key.
    Publishable,
}

/// A token that OAuth gave out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// What it is good for.
    pub kind: TokenKind,
    /// The connected account it stands for.
    pub account: Arc<str>,
    /// Its scope.
    pub scope: GrantScope,
    /// The client id it was given to.
    pub client_id: String,
    /// A revoked token answers as an expired key.
    pub revoked: bool,
}

impl PrivateRecord for Connection {
    const TYPE: &'static str = "_connection";
}

impl PrivateRecord for Token {
    const TYPE: &'static str = "_token";
    const ID_IS_SECRET: bool = true;
}

impl WorldState {
    /// The platform's connection to an account in a mode, ended ones included.
    #[must_use]
    pub fn connection(&self, mode: Mode, account: &str) -> Option<Connection> {
        self.load_or_fail(&self.platform_scope(mode), account)
    }

    /// All connections of a mode, newest first, ended ones included.
    #[must_use]
    pub fn connections(&self, mode: Mode) -> Vec<Connection> {
        let connections = self.load_all(&self.platform_scope(mode));
        self.or_fail(connections).unwrap_or_default()
    }

    /// Makes or changes a connection.
    pub fn put_connection(&mut self, mode: Mode, connection: &Connection) {
        let scope = self.platform_scope(mode);
        self.save(
            &scope,
            &connection.account,
            connection,
            connection.connected_at,
        );
    }

    /// A token by its text, revoked ones included.
    #[must_use]
    pub fn token(&self, mode: Mode, token: &str) -> Option<Token> {
        self.load_or_fail(&self.platform_scope(mode), token)
    }

    /// All tokens of a mode with their texts.
    #[must_use]
    pub fn tokens(&self, mode: Mode) -> Vec<(Arc<str>, Token)> {
        let scope = self.platform_scope(mode);
        let collection = self.store.collection(&scope, Token::TYPE);
        let records = collection.into_iter().flat_map(Collection::newest_first);
        records
            .filter_map(|record| self.token_with_text(record))
            .collect()
    }

    /// The tokens of one account in a mode with their texts, newest first.
    #[must_use]
    pub fn tokens_of(&self, mode: Mode, account: &str) -> Vec<(Arc<str>, Token)> {
        let query = Query {
            limit: usize::MAX,
            filters: &[("account", account)],
            ..Query::default()
        };
        let page = self
            .store
            .list(&self.platform_scope(mode), Token::TYPE, &query)
            .unwrap_or_default();
        let records = page.records.iter();
        records
            .filter_map(|record| self.token_with_text(record))
            .collect()
    }

    fn token_with_text(&self, record: &Record) -> Option<(Arc<str>, Token)> {
        let token = self.or_fail(read_private_record(record))?;
        Some((Arc::clone(&record.id), token))
    }

    /// Makes or changes a token. Access tokens and publishable keys work as API keys as soon as the transaction is committed.
    pub fn put_token(&mut self, mode: Mode, text: &str, token: &Token, now: i64) {
        let scope = self.platform_scope(mode);
        self.save(&scope, text, token, now);
    }
}
