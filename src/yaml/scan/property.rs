//! Anchors, aliases, tags and directives.

use super::{Scanner, SyntaxError, TokenKind};

impl<'t> Scanner<'t> {
    pub(super) fn fetch_anchor(&mut self, alias: bool) -> Result<(), SyntaxError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark.pos;
        self.skip();
        let name = self.take_alphanumeric();
        let ends_well = self.is_blankz(0) || matches!(self.at(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends_well {
            return Err(self.error_at(start, "did not find expected alphabetic or numeric character"));
        }
        self.push(if alias { TokenKind::Alias(name) } else { TokenKind::Anchor(name) }, start);
        Ok(())
    }

    fn take_alphanumeric(&mut self) -> &'t str {
        let start = self.mark.pos;
        while self.is_alphanumeric() {
            self.skip();
        }
        &self.text[start..self.mark.pos]
    }

    fn is_alphanumeric(&self) -> bool {
        self.at(0).is_ascii_alphanumeric() || matches!(self.at(0), b'_' | b'-')
    }

    pub(super) fn fetch_tag(&mut self) -> Result<(), SyntaxError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark.pos;
        let (handle, suffix) = if self.at(1) == b'<' {
            self.skip();
            self.skip();
            let suffix = self.scan_tag_uri("", start)?;
            if self.at(0) != b'>' {
                return Err(self.error_at(start, "did not find the expected '>'"));
            }
            self.skip();
            (String::new(), suffix)
        } else {
            let handle = self.scan_tag_handle(false, start)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.scan_tag_uri("", start)?;
                (handle.to_owned(), suffix)
            } else {
                let suffix = self.scan_tag_uri(handle, start)?;
                if suffix.is_empty() { (String::new(), "!".to_owned()) } else { ("!".to_owned(), suffix) }
            }
        };
        if !self.is_blankz(0) {
            return Err(self.error_at(start, "did not find expected whitespace or line break"));
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    fn scan_tag_handle(&mut self, directive: bool, start: usize) -> Result<&'t str, SyntaxError> {
        if self.at(0) != b'!' {
            return Err(self.error_at(start, "did not find expected '!'"));
        }
        let from = self.mark.pos;
        self.skip();
        self.take_alphanumeric();
        if self.at(0) == b'!' {
            self.skip();
        } else if directive && self.mark.pos - from > 1 {
            return Err(self.error_at(start, "did not find expected '!'"));
        }
        Ok(&self.text[from..self.mark.pos])
    }

    /// The rest of a tag after `head`, which was taken for a handle and is not; its leading `!` is not part of the tag.
    fn scan_tag_uri(&mut self, head: &str, start: usize) -> Result<String, SyntaxError> {
        let mut bytes: Vec<u8> = head.bytes().skip(1).collect();
        let mut found = !head.is_empty();
        while self.is_alphanumeric() || b";/?:@&=+$,.!~*'()[]%".contains(&self.at(0)) {
            if self.at(0) == b'%' {
                let octet = (self.at(1).is_ascii_hexdigit() && self.at(2).is_ascii_hexdigit())
                    .then(|| u8::from_str_radix(&self.text[self.mark.pos + 1..self.mark.pos + 3], 16).ok())
                    .flatten();
                let Some(octet) = octet else { return Err(self.error_at(start, "did not find URI escaped octet")) };
                bytes.push(octet);
                self.skip();
                self.skip();
            } else {
                bytes.push(self.at(0));
            }
            self.skip();
            found = true;
        }
        if !found {
            return Err(self.error_at(start, "did not find expected tag URI"));
        }
        String::from_utf8(bytes).map_err(|_| self.error_at(start, "found an incorrect leading UTF-8 octet"))
    }

    pub(super) fn scan_directive(&mut self) -> Result<TokenKind<'t>, SyntaxError> {
        let start = self.mark.pos;
        self.skip();
        let name = self.take_alphanumeric();
        if name.is_empty() {
            return Err(self.error_at(start, "could not find expected directive name"));
        }
        if !self.is_blankz(0) {
            return Err(self.error_at(start, "found unexpected non-alphabetical character"));
        }
        let kind = match name {
            "YAML" => {
                self.skip_blanks();
                let major = self.scan_version_number(start)?;
                if self.at(0) != b'.' {
                    return Err(self.error_at(start, "did not find expected digit or '.' character"));
                }
                self.skip();
                let minor = self.scan_version_number(start)?;
                TokenKind::VersionDirective { major, minor }
            }
            "TAG" => {
                self.skip_blanks();
                let handle = self.scan_tag_handle(true, start)?.to_owned();
                if !self.is_blank(0) {
                    return Err(self.error_at(start, "did not find expected whitespace"));
                }
                self.skip_blanks();
                let prefix = self.scan_tag_uri("", start)?;
                if !self.is_blankz(0) {
                    return Err(self.error_at(start, "did not find expected whitespace or line break"));
                }
                TokenKind::TagDirective { handle, prefix }
            }
            _ => return Err(self.error_at(start, "found unknown directive name")),
        };
        self.skip_blanks();
        if self.at(0) == b'#' {
            self.skip_to_line_end();
        }
        if !self.is_breakz(0) {
            return Err(self.error_at(start, "did not find expected comment or line break"));
        }
        self.skip_line();
        Ok(kind)
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    fn scan_version_number(&mut self, start: usize) -> Result<u8, SyntaxError> {
        let from = self.mark.pos;
        while self.at(0).is_ascii_digit() {
            self.skip();
        }
        match &self.text[from..self.mark.pos] {
            "" => Err(self.error_at(start, "did not find expected version number")),
            digits if digits.len() > 2 => Err(self.error_at(start, "found extremely long version number")),
            digits => Ok(digits.parse().expect("INVARIANT: one or two digits")),
        }
    }
}
