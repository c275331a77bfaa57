using System.Text;

namespace Crawlers.Logs.Fingerprints;

/// <summary>
/// The identity of a trace: outer type, type of the root cause, and the innermost own frames of the root cause up to the first hub. Messages
/// do not count, for their words are values as often as not, nor do line numbers, paths and generated names.
/// </summary>
static class FingerprintTrace
{
    /// <summary>Two, so that errors of one helper differ by its caller, and nothing further out moves the key.</summary>
    const int MaxFrames = 2;
    const int MaxChain = 8;

    public static Fingerprint Of(Trace trace)
    {
        var chain = Chain(trace);
        var frames = UpToHub(chain, Hubs.IsHub);
        return Of(trace.Outer.Type, trace.Root.Type, frames, chain, chain.Count == 0 ? trace.Root.Message : null);
    }

    /// <summary>The same trace with other hubs.</summary>
    public static Fingerprint With(Fingerprint trace, Func<string, bool> isHub) => Of(trace.Type ?? "", trace.RootType ?? "", UpToHub(trace.Chain, isHub), trace.Chain, message: null);

    static Fingerprint Of(string type, string root, List<string> frames, IReadOnlyList<string> chain, string? message)
    {
        var text = new StringBuilder(type);
        if (root != type) text.Append(" ← ").Append(root);
        if (message is { Length: > 0 }) text.Append(": ").Append(Masked(message)); // nothing but the message is left
        if (frames.Count > 0) text.Append(" in ").AppendJoin(" ← ", frames);
        var template = text.ToString();
        return new Fingerprint(FingerprintKey.Of('t', Encoding.UTF8.GetBytes(template)), template, type, root, frames) { Chain = chain };
    }

    static string Masked(string message)
    {
        var bytes = Encoding.UTF8.GetBytes(message);
        var template = new byte[MaskMessage.MaxInputBytes];
        return MaskMessage.Shown(template.AsSpan(0, MaskMessage.Run(bytes, template)));
    }

    // A root cause that lies in libraries alone, such as a driver's, is told by the exception around it.
    // Where own frames name their files, as .NET's do when symbols are there, those without one are of packages.
    static List<string> Chain(Trace trace)
    {
        var named = trace.Exceptions.SelectMany(e => e.Frames).Any(f => f.IsOwn && f.File is not null);
        for (var i = trace.Exceptions.Count - 1; i >= 0; i--)
            if (Folded(trace.Exceptions[i].Frames.Where(f => f.IsOwn && (f.File is not null || !named))) is { Count: > 0 } own) return own;
        return Folded(trace.Root.Frames);
    }

    // A function that calls itself stands for its callers, too: deep recursion pushes them out of the trace, where runtimes keep ten frames.
    static List<string> Folded(IEnumerable<TraceFrame> frames)
    {
        var names = new List<string>();
        foreach (var frame in frames)
        {
            if (names.Count == 1 && frame.Name == names[0]) return names;
            if (names.Contains(frame.Name)) continue;
            names.Add(frame.Name);
            if (names.Count == MaxChain) break;
        }
        return names;
    }

    // The innermost frame always counts, even when it is a hub itself.
    static List<string> UpToHub(IReadOnlyList<string> chain, Func<string, bool> isHub) =>
        [.. chain.Take(1), .. chain.Skip(1).TakeWhile(name => !isHub(name)).Take(MaxFrames - 1)];
}
