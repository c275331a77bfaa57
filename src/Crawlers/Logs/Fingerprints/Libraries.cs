namespace Crawlers.Logs.Fingerprints;

/// <summary>Tells the frames of runtimes, standard libraries and well-known frameworks from those of the program.</summary>
static class Libraries
{
    static readonly string[] JavaPackages =
    [
        "java.", "javax.", "jdk.", "sun.", "com.sun.", "jakarta.", "kotlin.", "kotlinx.", "scala.", "groovy.", "org.springframework.", "org.apache.", "org.hibernate.", "org.eclipse.", "org.jboss.",
        "org.junit.", "io.netty.", "io.undertow.", "io.vertx.", "io.micrometer.", "io.quarkus.", "reactor.", "rx.", "com.google.", "com.fasterxml.", "com.zaxxer.", "com.mysql.", "org.postgresql.", "android.", "androidx.",
        "dalvik.", "okhttp3.", "retrofit2.", "feign.", "akka.", "ch.qos.", "org.slf4j.",
    ];

    static readonly string[] RustCrates =
    [
        "std::", "core::", "alloc::", "rust_begin_unwind", "rust_panic", "__rust", "<alloc::", "<core::", "<std::", "tokio::", "futures", "hyper::", "_start", "__libc_start", "clone", "start_thread", "main",
    ];

    public static bool IsJava(string function)
    {
        foreach (var package in JavaPackages)
            if (function.StartsWith(package, StringComparison.Ordinal)) return true;
        return false;
    }

    /// <summary>Go's standard packages have no dot before their first slash; the program's own are main or begin with a host.</summary>
    public static bool IsGo(string function, string path)
    {
        if (path.Contains("/pkg/mod/", StringComparison.Ordinal) || path.Contains("/vendor/", StringComparison.Ordinal) || path.Contains("/go/src/runtime/", StringComparison.Ordinal)) return true;
        if (function.StartsWith("main.", StringComparison.Ordinal)) return false;
        if (function is "panic" || function.StartsWith("runtime.", StringComparison.Ordinal) || function.StartsWith("runtime/", StringComparison.Ordinal)) return true;
        return path.Contains("/go/src/", StringComparison.Ordinal) || path.Contains("/libexec/src/", StringComparison.Ordinal) || path.Contains("/golang/src/", StringComparison.Ordinal);
    }

    public static bool IsRust(string function)
    {
        foreach (var crate in RustCrates)
            if (function.StartsWith(crate, StringComparison.Ordinal)) return true;
        return false;
    }
}
