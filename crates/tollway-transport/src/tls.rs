//! The certificates that the default transport trusts.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::{TransportError, TransportErrorKind};

/// Settings of TLS.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tls {
    /// DER.
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) pem_roots: Vec<Vec<u8>>,
    pub(crate) accept_any: bool,
}

impl Tls {
    pub(crate) fn config(&self) -> Result<ClientConfig, TransportError> {
        // The provider is explicit, so that another one that the program installed makes no difference.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|cause| TransportError::new(TransportErrorKind::Setup, cause))?;
        if self.accept_any {
            tracing::warn!(
                "TLS certificates are not verified: an attacker on the network can read the API key; never do this outside \
                 of tests"
            );
            return Ok(builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
                .with_no_client_auth());
        }
        Ok(builder
            .with_root_certificates(self.trusted()?)
            .with_no_client_auth())
    }

    fn trusted(&self) -> Result<RootCertStore, TransportError> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for der in &self.roots {
            roots
                .add(CertificateDer::from(der.clone()))
                .map_err(|cause| TransportError::new(TransportErrorKind::Setup, cause))?;
        }
        for pem in &self.pem_roots {
            let refuse = |why: String| TransportError::new(TransportErrorKind::Setup, why);
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate
                    .map_err(|cause| refuse(format!("the PEM text cannot be read: {cause}")))?;
                roots
                    .add(certificate)
                    .map_err(|cause| refuse(cause.to_string()))?;
            }
            if roots.len() == before {
                return Err(refuse("the PEM text holds no certificate".to_owned()));
            }
        }
        Ok(roots)
    }
}

/// Trusts every certificate; the handshake's signatures are still verified.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
