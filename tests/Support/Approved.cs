using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Support;

/// <summary>
/// Compares what a wire carries with an approved file beside the test, so that a review sees every change of it.
/// With <c>ENGINE_APPROVE=1</c> the files are written anew.
/// </summary>
public static partial class Approved
{
    static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="name">File name in <c>Contracts</c> beside the calling test.</param>
    /// <param name="json">Ids, times, hashes and tokens in it are replaced by words before the comparison.</param>
    public static async Task MatchesAsync(string name, string json, [CallerFilePath] string testFile = "")
    {
        var actual = Scrub(JsonNode.Parse(json)!.ToJsonString(Readable)) + "\n";
        var path = Path.Combine(Path.GetDirectoryName(testFile)!, name);
        if (Environment.GetEnvironmentVariable("ENGINE_APPROVE") == "1") await File.WriteAllTextAsync(path, actual);
        var approved = File.Exists(path) ? await File.ReadAllTextAsync(path) : "";
        if (approved == actual) return;
        var (line, was, now) = approved.Split('\n').Zip(actual.Split('\n')).Select((pair, i) => (i + 1, pair.First, pair.Second)).FirstOrDefault(x => x.First != x.Second);
        Assert.Fail($"{path} line {line} differs: approved \"{was}\", now \"{now}\". If the change is meant, run the test with ENGINE_APPROVE=1 and commit the file.");
    }

    static string Scrub(string json)
    {
        json = Token().Replace(json, "<token>");
        json = Id().Replace(json, "<id>");
        json = Time().Replace(json, "<time>");
        json = Hash().Replace(json, "<hash>");
        json = Prefix().Replace(json, "$1<prefix>");
        return Fraction().Replace(json, "$1: <number>");
    }

    [GeneratedRegex(@"ae_[a-z2-7]{8}_[\w-]{43}")]
    private static partial Regex Token();

    [GeneratedRegex(@"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Id();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")]
    private static partial Regex Time();

    [GeneratedRegex(@"\b[0-9a-f]{64}\b|\b[0-9a-f]{32}\b")]
    private static partial Regex Hash();

    [GeneratedRegex(@"(""prefix"": ""|token:)[a-z2-7]{8}\b")]
    private static partial Regex Prefix();

    [GeneratedRegex(@"(""\w+_seconds""): -?[\d.]+(E-?\d+)?")]
    private static partial Regex Fraction();
}
