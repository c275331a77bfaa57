using System.Net;
using Engine.Http;

namespace Engine.Hosting;

/// <summary>
/// Where the engines of a data folder listen, an address a line, newest last: the command line on the same machine finds them by
/// it, whatever they were configured with, and hands the local admin token to these addresses alone.
/// </summary>
public static class ListeningFile
{
    const int MostLines = 16; // engines that were killed leave theirs behind

    static string PathIn(string dataFolder) => Path.Combine(dataFolder, "listening");

    public static void Add(string dataFolder, IEnumerable<Uri> addresses) => Write(dataFolder, (kept, own) => [.. kept.Except(own), .. own], addresses);

    public static void Remove(string dataFolder, IEnumerable<Uri> addresses) => Write(dataFolder, (kept, own) => [.. kept.Except(own)], addresses);

    /// <returns>Endpoints, newest last; empty when there is no such file or it is not readable for this user.</returns>
    public static IReadOnlyList<IPEndPoint> Read(string dataFolder) => [.. Lines(dataFolder).Select(HttpSettings.Endpoint).OfType<IPEndPoint>()];

    static void Write(string dataFolder, Func<string[], string[], string[]> change, IEnumerable<Uri> addresses)
    {
        var lines = change(Lines(dataFolder), [.. addresses.Select(a => a.GetLeftPart(UriPartial.Authority))]);
        DataFolder.WriteSecret(PathIn(dataFolder), string.Concat(lines.TakeLast(MostLines).Select(line => line + "\n")));
    }

    static string[] Lines(string dataFolder)
    {
        try
        {
            return File.ReadAllLines(PathIn(dataFolder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // none has listened yet, or it is another user's engine
        }
    }
}
