import Checksums
import Testing

@testable import ObjectStorage

/// The forms that stores read and write.
@Suite struct Forms {
    @Test func aLocationMakesTheURLThatIsSigned() throws {
        func url(_ location: BucketLocation) throws(StorageError) -> String {
            try BucketAddress(location).url(key: "t=1/a b", query: [("uploads", ""), ("a", "/+")])
        }
        let rest = "t%3D1/a%20b?a=%2F%2B&uploads="
        #expect(
            try url(BucketLocation(bucket: "logs", region: "eu-central-1"))
                == "https://logs.s3.eu-central-1.amazonaws.com/" + rest)
        #expect(
            try url(BucketLocation(bucket: "my.logs", region: "cn-north-1"))
                == "https://s3.cn-north-1.amazonaws.com.cn/my.logs/" + rest)
        #expect(
            try url(BucketLocation(bucket: "logs", endpoint: "minio.example:9000/store/"))
                == "https://minio.example:9000/store/logs/" + rest)
        #expect(
            try url(
                BucketLocation(bucket: "logs", endpoint: "http://Host:9", usesPathStyle: false))
                == "http://logs.host:9/" + rest)
        for endpoint in [
            "ftp://x", "https://user:secret@x", "", "https://", "http://x y", "x/?a=b",
        ] {
            let failed = failure {
                _ = try url(BucketLocation(bucket: "logs", endpoint: endpoint))
            }
            guard case .invalid? = failed else {
                Issue.record("\(endpoint)")
                continue
            }
            #expect(!"\(failed!)".contains("secret"))
        }
        for bucket in ["", "ab", "a/b", "a b", ".abc", "abc.", "a:b@c"] {
            #expect(
                failure { _ = try url(BucketLocation(bucket: bucket)) }
                    != nil, "\(bucket)")
        }
    }

    @Test func digestsAreReadAsTheyAreWritten() {
        let digest = Checksum.digest(of: UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(digest.base64 == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        #expect(Digest(base64: digest.base64) == digest)
        for text in ["", "47DEQpj8", digest.base64 + "-2", digest.base64 + "=", digest.hexadecimal]
        {
            #expect(Digest(base64: text) == nil, "\(text)")
        }
    }

    @Test func timesAreReadInBothForms() {
        #expect(StoreTime.seconds(of: "2026-11-26T17:05:49.000Z") == 1_795_712_749)
        #expect(StoreTime.seconds(of: "2026-11-26T17:05:49Z") == 1_795_712_749)
        #expect(StoreTime.seconds(of: "Thu, 26 Nov 2026 17:05:49 GMT") == 1_795_712_749)
        #expect(StoreTime.text(of: 1_795_712_749) == "2026-11-26T17:05:49Z")
        #expect(StoreTime.seconds(of: "soon") == nil)
    }

    @Test func documentsAreReadWholeOrNot() {
        func parsed(_ text: String) -> XMLElement? { XMLElement(parsing: Array(text.utf8)) }
        let list = parsed("<a xmlns='u'><b>1 &lt; 2</b><c><d/></c><b><![CDATA[x]]></b></a>")
        #expect(list?.name == "a" && list?["b"] == "1 < 2" && list?["none"] == nil)
        #expect(list?.all("b").map(\.text) == ["1 < 2", "x"])
        for text in ["", "no", "<a><b></a>", "<a>", "<a/><b/>"] { #expect(parsed(text) == nil) }
        #expect(parsed("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>") == nil)
        #expect(
            parsed(String(repeating: "<a>", count: 20) + String(repeating: "</a>", count: 20))
                == nil)
        let hostile = "<>&\"'\u{e9}"
        #expect(parsed("<a>\(XMLElement.escape(hostile))</a>")?.text == hostile)
    }

    @Test func waitsGrowAndEnd() {
        let policy = RetryPolicy()
        for count in 1...2000 {
            let delay = policy.delay(afterAttempts: count, asked: nil)
            #expect(delay >= 0 && delay <= 20)
            #expect(count > 1 || delay <= 0.2)
        }
        #expect((5.0...20).contains(policy.delay(afterAttempts: 1, asked: 5)))
        #expect(policy.delay(afterAttempts: 1, asked: 86_400) == 60)
    }
}
