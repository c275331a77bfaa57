namespace Crawlers.Logs.Fingerprints;

/// <summary>Functions through which everything passes, such as main, dispatch or handleRequest: who is called from there says nothing about the error.</summary>
static class Hubs
{
    // A hub's name has nothing but these words; handlePayment has one that tells.
    static readonly HashSet<string> Words = new(StringComparer.OrdinalIgnoreCase)
    {
        "main", "run", "runs", "start", "dispatch", "dispatcher", "handle", "handler", "handlers", "handles", "invoke", "invoker", "execute", "executor", "exec", "call", "callback", "apply", "process", "processor", "serve", "server", "service", "do",
        "next", "loop", "poll", "tick", "work", "worker", "job", "jobs", "step", "task", "tasks", "event", "events", "message", "messages", "command", "action", "request", "requests", "req", "route", "router", "routes", "middleware", "filter", "chain", "pipeline",
        "wrap", "wrapper", "wrapped", "inner", "internal", "with", "retry", "async", "await", "anonymous", "module", "lambda", "closure", "func", "fn", "function", "block", "proc", "entry", "point", "once", "all", "on", "thread", "app", "application",
        "program", "http", "move", "accept", "perform", "perform_now", "top", "required", "script", "index", "listen", "consume", "consumer", "in", "the", "and", "try", "then", "each",
    };
    static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Lookup = Words.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <param name="name">With its class or module, which does not count.</param>
    public static bool IsHub(string name)
    {
        var function = name.AsSpan().Trim("<>{}()*&");
        function = function[(function.LastIndexOfAny(".#:/\\") + 1)..].Trim("<>{}()*&");
        if (function.IsEmpty) return true;
        var start = 0;
        for (var i = 1; i <= function.Length; i++)
        {
            if (i < function.Length && char.IsAsciiLetterOrDigit(function[i]) && !(char.IsAsciiLetterUpper(function[i]) && char.IsAsciiLetterLower(function[i - 1]))) continue;
            var word = function[start..i].Trim("_$-<>!?");
            if (word.Length > 0 && !Lookup.Contains(word)) return false;
            start = i;
        }
        return true;
    }
}
