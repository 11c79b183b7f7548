import Glibc

/// What libFuzzer calls with each input. `PGRETAIN_FUZZ_TARGET` says which law is tried; a law that
/// does not hold traps, and libFuzzer keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    chosen(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}

nonisolated(unsafe) private let chosen: ([UInt8]) -> Void = {
    let name = getenv("PGRETAIN_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let law = Laws.all[name] else {
        fatalError(
            "PGRETAIN_FUZZ_TARGET is one of \(Laws.all.keys.sorted().joined(separator: ", "))")
    }
    return law
}()
