//! The secret of a link: 256 bits of the operating system's randomness, as 43 characters of base64url
//! (RFC 4648, section 5). The database holds only its SHA-256, so that a copy of it opens nothing. A hash
//! without salt or stretching is right here: unlike a password, the secret cannot be guessed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How many bytes a token has.
const BYTES: usize = 32;

/// A new token. It is never logged: it has no `Debug` that shows it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// Draws one.
    /// Errors: the operating system gives no random numbers.
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A token as somebody typed or pasted it. None if it cannot be one.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == BYTES).then(|| Self(text.to_owned()))
    }

    /// The text that goes into the link.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// What is stored.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_token_has_256_bits_and_goes_into_a_link_as_it_is() {
        let token = Token::draw().unwrap();
        assert_eq!(token.text().len(), 43);
        assert!(token.text().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_eq!(URL_SAFE_NO_PAD.decode(token.text()).unwrap().len(), 32);
        assert_eq!(token.hash().len(), 32);
        assert_eq!(Token::typed(&format!(" {}\n", token.text())), Some(token.clone()));
        assert!(!format!("{token:?}").contains(token.text()));
    }

    #[test]
    fn no_token_comes_twice_and_every_bit_of_them_varies() {
        let tokens: Vec<Token> = (0..2000).map(|_| Token::draw().unwrap()).collect();
        let different: HashSet<&str> = tokens.iter().map(Token::text).collect();
        assert_eq!(different.len(), tokens.len());
        for bit in 0..256 {
            let set = |token: &&Token| {
                URL_SAFE_NO_PAD.decode(token.text()).unwrap()[bit / 8] & (1 << (bit % 8)) != 0
            };
            let ones = tokens.iter().filter(set).count();
            // Ten standard deviations around the half.
            assert!((776..=1224).contains(&ones), "bit {bit} is set in {ones} of 2000");
        }
    }

    #[test]
    fn what_cannot_be_a_token_is_none() {
        let long = "A".repeat(44);
        for wrong in ["", "short", long.as_str(), "!".repeat(43).as_str(), "é"] {
            assert!(Token::typed(wrong).is_none(), "{wrong}");
        }
        assert!(Token::typed(&"A".repeat(43)).is_some());
    }
}
