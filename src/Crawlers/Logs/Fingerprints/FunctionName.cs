using System.Text;

namespace Crawlers.Logs.Fingerprints;

/// <summary>Names of functions without what compilers and runtimes generate, which changes from build to build.</summary>
static class FunctionName
{
    /// <summary>lambda$save$0, Proxy$$EnhancerBySpringCGLIB$$1a2b, access$000</summary>
    public static string Java(string function)
    {
        var name = Cut(Cut(Cut(function, "$$Lambda"), "$$EnhancerBy"), "$$FastClassBy");
        if (name.Length < function.Length && function.LastIndexOf('.') is var dot and > 0 && dot > name.Length) name += function[dot..];
        var lambda = name.IndexOf("lambda$", StringComparison.Ordinal);
        if (lambda >= 0)
        {
            var end = name.LastIndexOf('$');
            name = string.Concat(name.AsSpan(0, lambda), name.AsSpan(lambda + 7, Math.Max(0, end - lambda - 7)));
        }
        return WithoutNumbers(name, '$');
    }

    /// <summary>Shop.Orders.&lt;SaveAsync&gt;d__5.MoveNext, Orders.&lt;&gt;c__DisplayClass3_0.&lt;Save&gt;b__0</summary>
    public static string DotNet(string function)
    {
        var close = function.LastIndexOf(">d__", StringComparison.Ordinal);
        if (close < 0) close = function.LastIndexOf(">b__", StringComparison.Ordinal);
        if (close < 0) close = function.LastIndexOf(">g__", StringComparison.Ordinal);
        if (close >= 0)
        {
            var open = function.LastIndexOf('<', close);
            var inner = open >= 0 ? function[(open + 1)..close] : "";
            var owner = open > 0 ? function[..open] : "";
            if (owner.IndexOf("<>c", StringComparison.Ordinal) is var display and >= 0) owner = owner[..display];
            if (function.AsSpan(close).StartsWith(">g__") && function.IndexOf('|', close) is var bar and > 0) inner += "." + function[(close + 4)..bar];
            if (inner.Length > 0) return (owner.TrimEnd('.', '+') + "." + inner).TrimStart('.');
        }
        var generic = function.IndexOf('[', StringComparison.Ordinal);
        return generic > 0 ? function[..generic] : function;
    }

    /// <summary>async Object.save [as run], new Orders</summary>
    public static string Node(string function)
    {
        var name = function;
        if (name.StartsWith("async ", StringComparison.Ordinal)) name = name[6..];
        if (name.StartsWith("new ", StringComparison.Ordinal)) name = name[4..];
        if (name.StartsWith("Object.", StringComparison.Ordinal)) name = name[7..];
        if (name.IndexOf(" [as ", StringComparison.Ordinal) is var alias and > 0) name = name[..alias];
        return name.Length == 0 ? "<anonymous>" : name;
    }

    /// <summary>main.(*Orders).Save.func1.2, pkg.Map[...]</summary>
    public static string Go(string function)
    {
        var name = Cut(function, "[");
        while (name.LastIndexOf('.') is var dot and > 0 && IsGenerated(name.AsSpan(dot + 1))) name = name[..dot];
        var slash = name.LastIndexOf('/');
        return slash >= 0 ? name[(slash + 1)..] : name;

        static bool IsGenerated(ReadOnlySpan<char> part) =>
            part.IndexOfAnyExceptInRange('0', '9') < 0 || (part.StartsWith("func") && part[4..].IndexOfAnyExceptInRange('0', '9') < 0) || part.StartsWith("gowrap") || part.StartsWith("deferwrap");
    }

    /// <summary>block (2 levels) in Orders#save</summary>
    public static string Ruby(string function)
    {
        var name = function;
        while (name.IndexOf(" in ", StringComparison.Ordinal) is var inner and > 0) name = name[(inner + 4)..];
        return name;
    }

    /// <summary>shop::save::{{closure}}::h0123456789abcdef</summary>
    public static string Rust(string function)
    {
        var name = function;
        if (name.LastIndexOf("::h", StringComparison.Ordinal) is var hash and > 0 && name.Length - hash == 19) name = name[..hash];
        return name.Replace("::{{closure}}", "", StringComparison.Ordinal).Replace("::{closure#0}", "", StringComparison.Ordinal);
    }

    static string Cut(string name, string at) => name.IndexOf(at, StringComparison.Ordinal) is var found and > 0 ? name[..found] : name;

    // App$1.run and access$000: numbers of anonymous classes move with each edit
    static string WithoutNumbers(string name, char sign)
    {
        if (!name.Contains(sign, StringComparison.Ordinal)) return name;
        var kept = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == sign && i + 1 < name.Length && char.IsAsciiDigit(name[i + 1]))
            {
                i++;
                while (i < name.Length && char.IsAsciiDigit(name[i])) i++;
                i--;
                continue;
            }
            kept.Append(name[i]);
        }
        return kept.ToString();
    }
}
