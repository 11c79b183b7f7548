/// The proof that an archive, read back from the store in this run, holds exactly the rows its
/// manifest claims.
///
/// Only the verifier can make one (`@_spi(Verifier)`; the test suite checks that nobody else
/// asks for that), and dropping a table consumes it: dropping without a proof does not compile.
public struct VerifiedArchive: ~Copyable, Sendable {
    public let slice: Slice
    public let manifest: Manifest
    /// The rows of a table that this proves are archived: it may be dropped if it holds these.
    public let digest: ContentDigest

    @_spi(Verifier)
    public init(slice: Slice, manifest: Manifest, digest: ContentDigest) {
        self.slice = slice
        self.manifest = manifest
        self.digest = digest
    }
}
