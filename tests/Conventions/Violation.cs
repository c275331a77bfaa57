namespace Conventions;

/// <param name="Line">Counted from 1.</param>
sealed record Violation(string Path, int Line, string Rule)
{
    /// <summary>Fails with one line for each violation: file, line and the rule it breaks.</summary>
    public static void None(IEnumerable<Violation> violations)
    {
        var lines = violations.Select(v => v.ToString()).Order(StringComparer.Ordinal).ToList();
        if (lines.Count > 0) Assert.Fail($"{lines.Count} to mend:\n{string.Join('\n', lines)}");
    }

    public override string ToString() => $"{Path}:{Line}: {Rule}";
}
