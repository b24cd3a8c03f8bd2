//! Why a document could not be read.

/// A document that is not what the reader understands. Every variant names the place in the document as a JSON pointer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The text is not JSON.
    #[error("the API description is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A part that every description has is missing or of another type.
    #[error("{path}: expected {expected}")]
    Expected {
        /// JSON pointer of the place.
        path: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A schema uses a form this reader does not know; reading on would lose meaning.
    #[error("{path}: unknown shape: {reason}")]
    UnknownShape {
        /// JSON pointer of the schema.
        path: String,
        /// The key or value that was not understood.
        reason: String,
    },
    /// A `$ref` to a schema that the document does not have.
    #[error("{path}: there is no schema named \"{name}\"")]
    UnknownRef {
        /// JSON pointer of the reference.
        path: String,
        /// The missing component.
        name: String,
    },
    /// Two operations would have the same service and method.
    #[error("{path}: the method {service}.{method} is already taken by {other}")]
    DuplicateMethod {
        /// Verb and path of the second operation.
        path: String,
        /// Service path.
        service: String,
        /// Method name.
        method: String,
        /// Verb and path of the first operation.
        other: String,
    },
}
