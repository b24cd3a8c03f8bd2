//! What generated endpoints have in common.

/// An endpoint and the request to it: `ChargeCreate, ChargeCreateEndpoint => Charge; "charges.create", Post "/v1/charges", Api V1 Form`.
macro_rules! request {
    ($(#[$doc:meta])* $name:ident, $endpoint:ident => $response:ty; $operation:literal, $verb:ident $path:literal, $host:ident $mode:ident $encoding:ident) => {
        $(#[$doc])*
        pub type $name = $crate::request::Request<$endpoint>;

        $(#[$doc])*
        pub enum $endpoint {}

        impl $crate::request::Endpoint for $endpoint {
            type Response = $response;

            const OPERATION: &'static $crate::request::Operation = &$crate::request::Operation {
                name: $operation,
                verb: $crate::request::Verb::$verb,
                path: $path,
                host: $crate::request::Host::$host,
                mode: $crate::request::ApiMode::$mode,
                encoding: $crate::request::Encoding::$encoding,
            };
        }
    };
}

pub(crate) use request;
