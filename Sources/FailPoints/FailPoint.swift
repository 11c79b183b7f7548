/// Places where a test makes the program die, fail or wait. They exist in debug builds only: what
/// is shipped has none (`Package.swift` defines `FAIL_POINTS`; CI looks into the binary).
public enum FailPoint {
    /// Passes a place. It may never return (`crash`), return late (`pause`), or return true: then
    /// the caller has to fail as the real thing would.
    @inlinable @inline(__always)
    public static func fails(at name: @autoclosure () -> String) -> Bool {
        #if FAIL_POINTS
            return FailPointScript.shared.pass(name())
        #else
            return false
        #endif
    }

    /// Passes a place at which nothing can fail.
    @inlinable @inline(__always)
    public static func pass(_ name: @autoclosure () -> String) {
        #if FAIL_POINTS
            _ = FailPointScript.shared.pass(name())
        #endif
    }
}
