//! The parameter `limit` of a list.

use crate::error::ApiError;
use crate::params::Params;

/// The number of objects on a page if the request has no `limit`.
const DEFAULT_LIMIT: usize = 10;

/// The number of objects on a page: `limit`, from 1 to 100.
///
/// # Errors
/// 400 for a `limit` outside of that range.
pub(super) fn page_limit(params: &Params) -> Result<usize, ApiError> {
    match params.int("limit") {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=100) => Ok(usize::try_from(limit).unwrap_or(DEFAULT_LIMIT)),
        Some(limit) if limit < 1 => Err(ApiError::invalid_param(
            "limit",
            "This value must be greater than or equal to 1.",
        )
        .code("parameter_invalid_integer")),
        Some(_) => Err(ApiError::invalid_param(
            "limit",
            "This value must be less than or equal to 100.",
        )
        .code("parameter_invalid_integer")),
    }
}
