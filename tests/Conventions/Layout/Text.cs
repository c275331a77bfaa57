using System.Text.RegularExpressions;

namespace Conventions.Layout;

/// <summary>What every file in the repository keeps to, whatever its language.</summary>
public sealed partial class Text
{
    const int MostBytes = 1_000_000;

    [Fact]
    public void Files_are_utf8_with_plain_line_ends() => Violation.None(Repository.Files.Where(f => f.IsText).SelectMany(CheckForm));

    [Fact]
    public void No_file_names_a_place_on_somebodys_machine() => Violation.None(Repository.Files.Where(f => f.IsText).SelectMany(CheckPlaces));

    [Fact]
    public void Nothing_says_where_packages_come_from() => Violation.None(Repository.Files.Where(f => f.IsText).SelectMany(CheckSources));

    [Fact]
    public void No_file_is_large() => Violation.None(Repository.Files.SelectMany(CheckSize));

    [Theory]
    [InlineData("a\n", 0)]
    [InlineData("", 0)]
    [InlineData("a", 1)]
    [InlineData("a\r\n", 1)]
    [InlineData("\uFEFFa\n", 1)]
    public void A_wrong_form_is_found(string text, int violations) => Assert.Equal(violations, CheckForm(new SourceFile("a.md", text)).Count());

    [Theory]
    [InlineData("cd /{0}/me/engine", 1)]
    [InlineData("\"/{0}/me\"", 1)]
    [InlineData("GET /api/{0}/items and ./{0}/a and ~/{0}/a", 0)]
    public void A_place_is_found(string text, int violations)
    {
        foreach (var folder in new[] { "home", "root", "work" })
            Assert.Equal(violations, CheckPlaces(new SourceFile("a.md", string.Format(null, text, folder))).Count());
    }

    [Theory]
    [InlineData("package-lock.json", "\"resolved\": \"https://example.com/a.tgz\",", 1)]
    [InlineData("packages.lock.json", "\"resolved\": \"13.0.1\",", 0)]
    [InlineData("web/.npmrc", "registry=https://example.com/", 1)]
    [InlineData("NuGet.config", "<packageSources>", 1)]
    [InlineData("Dockerfile", "RUN npm ci", 0)]
    public void A_package_source_is_found(string path, string text, int violations) =>
        Assert.Equal(violations, CheckSources(new SourceFile(path, text)).Count());

    [Fact]
    public void A_large_file_is_found() => Assert.Single(CheckSize(new SourceFile("a.bin", new byte[MostBytes + 1])));

    static IEnumerable<Violation> CheckForm(SourceFile file)
    {
        if (file.Bytes.Length == 0) yield break;
        if (file.Bytes.StartsWith("\uFEFF"u8)) yield return file.At(0, "no byte order mark");
        if (file.Text.IndexOf('\r', StringComparison.Ordinal) is >= 0 and var at) yield return file.At(at, "lines end with LF alone");
        if (file.Bytes[^1] != '\n') yield return file.At(file.Text.Length, "the file ends with a line end");
    }

    static IEnumerable<Violation> CheckPlaces(SourceFile file) =>
        Place().Matches(file.Text).Select(m => file.At(m.Index, $"{m.Value} is a place on one machine"));

    static IEnumerable<Violation> CheckSources(SourceFile file)
    {
        var name = file.Path[(file.Path.LastIndexOf('/') + 1)..];
        var pattern = name switch
        {
            ".npmrc" or ".yarnrc" or "pip.conf" => Registry(),
            _ when name.Equals("nuget.config", StringComparison.OrdinalIgnoreCase) => PackageSources(),
            _ when name.EndsWith("lock.json", StringComparison.Ordinal) || name.EndsWith(".lock", StringComparison.Ordinal) => Resolved(),
            _ => null,
        };
        return pattern?.Matches(file.Text).Select(m => file.At(m.Index, "where packages come from is the machine's business")) ?? [];
    }

    static IEnumerable<Violation> CheckSize(SourceFile file) =>
        file.Bytes.Length > MostBytes ? [file.At(0, $"a file has at most {MostBytes} bytes, has {file.Bytes.Length}")] : [];

    [GeneratedRegex(@"(?<![\w.~$}>)*-])/(work|root|home)/")]
    private static partial Regex Place();

    [GeneratedRegex(@"registry\s*=|index-url\s*=")]
    private static partial Regex Registry();

    [GeneratedRegex("<packageSources")]
    private static partial Regex PackageSources();

    [GeneratedRegex("\"resolved\":\\s*\"[a-z+]+://")]
    private static partial Regex Resolved();
}
