// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
]

/// For what goes through every byte: a third of the time of all tests goes by there otherwise.
let optimized = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
    name: "pgretain",
    products: [
        .executable(name: "pgretain", targets: ["pgretain"]),
        // For tests: makes calls of the operating system fail.
        .library(name: "FaultyIO", type: .dynamic, targets: ["FaultyIO"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries, each imported by exactly one Swift target.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
        .target(name: "CSystem"),

        // Where tests make the program fail; empty in what is shipped.
        .target(
            name: "FailPoints",
            swiftSettings: strict + [.define("FAIL_POINTS", .when(configuration: .debug))]),

        .target(name: "Checksums", dependencies: ["CCrypto"], swiftSettings: optimized),
        // A client of S3-compatible object stores, which knows nothing of archives.
        .target(
            name: "ObjectStorage", dependencies: ["Checksums", "CCurl", "CExpat"],
            swiftSettings: strict),

        // Decides; imports nothing.
        .target(name: "Retention", swiftSettings: strict),

        // Four siblings: none imports another.
        .target(
            name: "RowCoding", dependencies: ["Retention", "CXXHash"], swiftSettings: optimized),
        .target(
            name: "Archives",
            dependencies: [
                "Retention", "Checksums", "ObjectStorage", "FailPoints", "CLibdeflate", "CZlib",
                "CSystem",
            ],
            swiftSettings: optimized),
        .target(
            name: "Postgres", dependencies: ["Retention", "FailPoints", "CLibPQ"],
            swiftSettings: strict),
        .target(name: "Capacity", dependencies: ["Retention"], swiftSettings: strict),

        // Observes the world, carries a plan out.
        .target(
            name: "Maintenance",
            dependencies: [
                "Retention", "RowCoding", "Checksums", "Archives", "ObjectStorage", "Postgres",
                "Capacity", "FailPoints",
            ],
            swiftSettings: strict),

        // The edge.
        .executableTarget(
            name: "pgretain",
            dependencies: [
                "Retention", "RowCoding", "Capacity", "Maintenance", "Yams",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // Tests mirror the sources; development targets are never shipped.
        .target(name: "FaultyIO", path: "Tests/FaultyIO"),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .target(
            name: "SampleLogs", dependencies: ["Retention"], path: "Tests/Sample",
            swiftSettings: strict),
        .executableTarget(
            name: "sample-logs",
            dependencies: [
                "SampleLogs", "Retention",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/SampleTool", swiftSettings: strict),
        .testTarget(
            name: "SampleTests", dependencies: ["SampleLogs", "TestSupport", "Retention"],
            swiftSettings: strict),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
        .testTarget(name: "RetentionTests", dependencies: ["Retention"], swiftSettings: strict),
        .testTarget(
            name: "RowCodingTests", dependencies: ["RowCoding", "Retention"],
            swiftSettings: strict),
        .testTarget(
            name: "ArchivesTests",
            dependencies: ["Archives", "Checksums", "ObjectStorage", "SampleLogs", "Retention"],
            swiftSettings: strict),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: ["ObjectStorage", "Checksums", "SampleLogs", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "CapacityTests", dependencies: ["Capacity", "Retention"],
            swiftSettings: strict),
        .testTarget(
            name: "PostgresTests", dependencies: ["Postgres", "Retention"],
            swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "TestSupport", "SampleLogs", "pgretain", "Retention", "RowCoding", "Postgres",
            ],
            swiftSettings: strict),
    ]
)

// Only for Tests/Support/fuzz.sh: libFuzzer brings a `main` of its own, which no other build wants.
if Context.environment["PGRETAIN_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["Retention", "RowCoding", "Archives", "Postgres"],
            path: "Tests/Fuzz", exclude: ["Seeds"], swiftSettings: strict))
}
