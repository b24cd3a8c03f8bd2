//! HTTPS with a certificate that the emulator makes for itself, for clients that will not speak plain HTTP.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};

/// Names the certificate is always good for.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate with its key, made anew for every [`Identity`]. Clients trust it by its PEM text: as the file in
/// `SSL_CERT_FILE`, `NODE_EXTRA_CA_CERTS`, or curl's `--cacert`.
#[derive(Debug, Clone)]
pub struct Identity {
    certificate: String,
    /// The TLS configuration of a server with this identity.
    pub config: Arc<ServerConfig>,
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("no certificate could be made for these names ({0}): give host names or IP addresses")]
pub struct IdentityError(String);

/// The text form of a certificate: base64 in lines of 64 letters (RFC 7468).
fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = behind;
    }
    text + "-----END CERTIFICATE-----\n"
}

impl Identity {
    /// A certificate for `localhost`, the loopback addresses, and other names or IP addresses that clients will use.
    ///
    /// # Errors
    /// If a name is no host name.
    pub fn self_made(names: &[String]) -> Result<Self, IdentityError> {
        let told = |error: &dyn std::fmt::Display| IdentityError(error.to_string());
        for name in names {
            ServerName::try_from(name.as_str()).map_err(|error| told(&error))?;
        }
        let mut all: Vec<String> = LOCAL.map(str::to_owned).into();
        all.extend(
            names
                .iter()
                .filter(|name| !LOCAL.contains(&name.as_str()))
                .cloned(),
        );
        let made = rcgen::generate_simple_self_signed(all).map_err(|error| told(&error))?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| told(&error))?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
            .map_err(|error| told(&error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            certificate: pem(made.cert.der()),
            config: Arc::new(config),
        })
    }

    /// The certificate as PEM text, for clients to trust.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }
}
