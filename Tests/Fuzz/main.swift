import Glibc

// libFuzzer as a library (https://llvm.org/docs/LibFuzzer.html): it feeds one law with bytes, and
// keeps the input for which the law traps. `PGRETAIN_FUZZ_TARGET` says which law.

private let law: @Sendable ([UInt8]) -> Void = {
    let name = getenv("PGRETAIN_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let law = Laws.all[name] else {
        fatalError(
            "PGRETAIN_FUZZ_TARGET is one of \(Laws.all.keys.sorted().joined(separator: ", "))")
    }
    return law
}()

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ tryOne: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(
    runDriver(&count, &arguments) { data, count in
        law(Array(UnsafeBufferPointer(start: data, count: count)))
        return 0
    })
