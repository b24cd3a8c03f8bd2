//! A request before it is sent: its operation, parameters and options, and the first mistake found in them.

use super::handle::Client;
use super::options::CallOptions;
use crate::error::Error;
use crate::operation::Operation;
use crate::params::{ParamError, Params};
use crate::wire::path;

/// A request that is being built.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) client: Client,
    pub(crate) operation: Operation,
    pub(crate) path: PathArgs,
    pub(crate) params: Params,
    pub(crate) options: CallOptions,
    /// The request must not reach Stripe twice, with or without an idempotency key.
    pub(crate) once_only: bool,
    pub(crate) usage: Vec<&'static str>,
    mistake: Option<Mistake>,
}

/// Why a request cannot be sent, found while it was put together.
#[derive(Debug, Clone)]
pub(crate) enum Mistake {
    Param(ParamError),
    Text(String),
}

impl From<Mistake> for Error {
    fn from(mistake: Mistake) -> Self {
        match mistake {
            Mistake::Param(cause) => cause.into(),
            Mistake::Text(message) => Self::invalid_input(message),
        }
    }
}

/// The path: a template with the ids for it, or a path of the caller's.
#[derive(Debug, Clone)]
pub(crate) enum PathArgs {
    Template(Vec<String>),
    Raw(String),
}

impl Draft {
    pub(crate) fn new(client: &Client, operation: Operation, path: PathArgs) -> Self {
        Self {
            client: client.clone(),
            operation,
            path,
            params: Params::new(),
            options: CallOptions::default(),
            once_only: false,
            usage: Vec::new(),
            mistake: None,
        }
    }

    /// Records a mistake; sending the request reports the first one.
    pub(crate) fn mistake(&mut self, mistake: Mistake) {
        self.mistake.get_or_insert(mistake);
    }

    pub(crate) fn take_mistake(&mut self) -> Result<(), Error> {
        self.mistake
            .take()
            .map_or(Ok(()), |mistake| Err(mistake.into()))
    }

    /// The escaped, guarded path.
    pub(crate) fn full_path(&self) -> Result<String, Error> {
        let path = match &self.path {
            PathArgs::Template(args) => path::expand(self.operation.path, args)?,
            PathArgs::Raw(path) => path.clone(),
        };
        path::guard(&path)?;
        Ok(path)
    }
}
