using System.Diagnostics;
using System.Globalization;
using System.Net;
using Engine.Http;

namespace Engine.Hosting;

/// <summary>
/// Where the engines of a data folder listen, a line for each address with the process behind it, newest last: the command line
/// on the same machine finds them by it, whatever they were configured with, and hands the local admin token to these alone.
/// What a killed engine left behind does not count: its port may be somebody else's by now.
/// </summary>
public static class ListeningFile
{
    static string PathIn(string dataFolder) => Path.Combine(dataFolder, "listening");

    public static void Add(string dataFolder, IEnumerable<Uri> addresses) => Write(dataFolder, (kept, own) => [.. kept.Except(own), .. own], addresses);

    public static void Remove(string dataFolder, IEnumerable<Uri> addresses) => Write(dataFolder, (kept, own) => [.. kept.Except(own)], addresses);

    /// <returns>Endpoints, newest last; empty when there is no such file or it is not readable for this user.</returns>
    public static IReadOnlyList<IPEndPoint> Read(string dataFolder) =>
        [.. Lines(dataFolder).Select(line => HttpSettings.Endpoint(line.Split(' ')[0])).OfType<IPEndPoint>()];

    static void Write(string dataFolder, Func<string[], string[], string[]> change, IEnumerable<Uri> addresses)
    {
        var lines = change(Lines(dataFolder), [.. addresses.Select(a => $"{a.GetLeftPart(UriPartial.Authority)} {Environment.ProcessId}")]);
        DataFolder.WriteSecret(PathIn(dataFolder), string.Concat(lines.Select(line => line + "\n")));
    }

    static string[] Lines(string dataFolder)
    {
        try
        {
            return [.. File.ReadAllLines(PathIn(dataFolder)).Where(line => line.Split(' ') is [_, var process] && IsAlive(process))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // none has listened yet, or it is another user's engine
        }
    }

    static bool IsAlive(string process)
    {
        if (!int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return false;
        try
        {
            using var running = Process.GetProcessById(id);
            return !running.HasExited;
        }
        catch (ArgumentException)
        {
            return false; // it has ended
        }
    }
}
