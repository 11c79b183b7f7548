import Checksums
import Synchronization

// Multipart uploads.
extension Bucket {
    /// What was uploaded of one that fails is removed on the way out.
    func writeInPieces(
        _ bytes: UnsafeRawBufferPointer, to key: String, ifAbsent: Bool, _ options: WritingOptions
    ) throws(StorageError) {
        let upload = Upload(
            key: key, identifier: try begin(key, options), bytes: bytes,
            pieces: UploadPieces(total: bytes.count, sizes))
        do {
            let uploaded = try send(upload)
            try complete(upload, uploaded, ifAbsent: ifAbsent)
        } catch {
            abandon(upload)
            throw error
        }
    }

    private func begin(_ key: String, _ options: WritingOptions) throws(StorageError) -> String {
        var request = Request(.post, key)
        request.query = [("uploads", "")]
        request.headers = options.headers + [("x-amz-checksum-algorithm", "SHA256")]
        request.mayFailInBody = true
        let document = XMLElement(parsing: try transport.perform(request).body)
        guard let identifier = document?["UploadId"], !identifier.isEmpty else {
            throw .refused(
                what: "the upload of \(key)", status: 200, code: "",
                message: "the store gave no UploadId")
        }
        return identifier
    }

    /// Sends all pieces, several at a time.
    private func send(_ upload: Upload) throws(StorageError) -> [UploadedPiece] {
        let uploaded = Mutex<[Int: UploadedPiece]>([:])
        try Crew.work(upload.pieces.count, threads: UploadPieces.threads) {
            index throws(StorageError) in
            let piece = try send(upload, index)
            uploaded.withLock { $0[index] = piece }
        }
        return uploaded.withLock { found in (0..<upload.pieces.count).compactMap { found[$0] } }
    }

    private func send(_ upload: Upload, _ index: Int) throws(StorageError) -> UploadedPiece {
        var request = Request(.put, upload.key)
        request.body = upload.pieces.piece(index, of: upload.bytes)
        let digest = Checksum.digest(of: request.body)
        request.digest = digest
        request.query = [("partNumber", "\(index + 1)"), ("uploadId", upload.identifier)]
        request.headers = Request.checksum(digest)
        let response = try transport.perform(request)
        guard let entityTag = response.headers["etag"] else {
            throw .refused(
                what: "piece \(index + 1) of \(upload.key)", status: response.status, code: "",
                message: "the store gave no ETag")
        }
        guard StoredObject.agrees(response.headers["x-amz-checksum-sha256"], digest) else {
            throw .damaged(
                key: upload.key, reason: "the store says another SHA-256 than was sent")
        }
        return UploadedPiece(entityTag: entityTag, digest: digest)
    }

    private func complete(
        _ upload: Upload, _ uploaded: [UploadedPiece], ifAbsent: Bool
    ) throws(StorageError) {
        let checksum = UploadPieces.checksum(of: uploaded.map(\.digest))
        let response = try askToComplete(upload, uploaded, ifAbsent: ifAbsent)
        switch response.status {
        case 404:
            // An attempt before may have completed it.
            if response.code == "NoSuchBucket" {
                throw .bucketMissing(bucket: location.bucket)
            }
            if try holds(upload.key, upload.bytes, checksum: checksum) { return }
            if ifAbsent, try status(of: upload.key) != nil { throw .exists(key: upload.key) }
            throw .refused(
                what: "the upload of \(upload.key)", status: 404, code: response.code,
                message: "its pieces are gone, and the object is not there")
        case 412:
            guard response.wasRepeated,
                try holds(upload.key, upload.bytes, checksum: checksum)
            else { throw .exists(key: upload.key) }
            abandon(upload)
        default:
            let said = XMLElement(parsing: response.body)?["ChecksumSHA256"]
            if let said, said.contains("-"), said != checksum {
                throw .damaged(
                    key: upload.key, reason: "the store says another SHA-256 than was sent")
            }
        }
    }

    private func askToComplete(
        _ upload: Upload, _ uploaded: [UploadedPiece], ifAbsent: Bool
    ) throws(StorageError) -> Response {
        let parts = uploaded.enumerated().map { index, piece in
            "<Part><PartNumber>\(index + 1)</PartNumber>"
                + "<ETag>\(XMLElement.escape(piece.entityTag))</ETag>"
                + "<ChecksumSHA256>\(piece.digest.base64)</ChecksumSHA256></Part>"
        }
        let document =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            + parts.joined() + "</CompleteMultipartUpload>"
        var request = Request(.post, upload.key)
        request.query = [("uploadId", upload.identifier)]
        request.headers = [("content-type", "application/xml")]
        if ifAbsent { request.headers.append(("if-none-match", "*")) }
        request.mayFailInBody = true
        request.acceptedStatuses = [404, 412]
        // The store may put all of it together before it answers.
        request.expectedBytes = upload.bytes.count
        return try transport.perform(request, body: Array(document.utf8))
    }

    /// Removes what was uploaded. Where that fails too, `removeUnfinishedUploads` does, or the
    /// bucket's lifecycle.
    private func abandon(_ upload: Upload) {
        do {
            try transport.abort(upload.key, upload.identifier, isTidying: true)
        } catch { return }
    }
}

private struct Upload: @unchecked Sendable {
    let key: String
    let identifier: String
    /// They live as long as the call that was given them.
    let bytes: UnsafeRawBufferPointer
    let pieces: UploadPieces
}

/// A piece that the store has.
private struct UploadedPiece {
    var entityTag: String
    var digest: Digest
}

extension Transport {
    /// Sends a body of our own making.
    fileprivate func perform(_ request: Request, body: [UInt8]) throws(StorageError) -> Response {
        let result = body.withUnsafeBytes { bytes in
            Result { () throws(StorageError) in
                var request = request
                request.body = bytes
                return try perform(request)
            }
        }
        return try result.get()
    }

    /// Removes what was uploaded; that there is nothing is no error.
    func abort(
        _ key: String, _ upload: String, isTidying: Bool = false
    ) throws(StorageError) {
        var request = Request(.delete, key)
        request.query = [("uploadId", upload)]
        request.acceptedStatuses = [404]
        _ = try perform(request, isTidying: isTidying)
    }
}
