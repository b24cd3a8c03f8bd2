//! Why a store of the host program failed.

/// Why a store that you wrote failed: a [`TokenStore`](crate::oauth::TokenStore) or a
/// [`DeliveryStore`](crate::webhook::DeliveryStore). Any error of yours turns into one by `?`.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;
