using System.Text;
using Crawlers.Logs.Events;

namespace Benchmarks.Logs;

/// <summary>Real lines of HDFS and Linux whose numbers change, so that no line comes twice.</summary>
sealed class LogsFile(string loghub)
{
    readonly string[] samples = [.. new[] { "HDFS", "Linux" }.SelectMany(set => File.ReadLines(Path.Combine(loghub, set, $"{set}_2k.log")))];
    readonly Random random = new(1);

    /// <param name="from">The first line's number.</param>
    public IEnumerable<string> Lines(int from, int count)
    {
        for (var i = from; i < from + count; i++) yield return Line(i);
    }

    public void Write(string file, int count)
    {
        using var writer = new StreamWriter(file);
        foreach (var line in Lines(0, count))
        {
            writer.Write(line);
            writer.Write('\n');
        }
    }

    // Digits behind the header change.
    string Line(int i)
    {
        var sample = samples[i % samples.Length];
        var line = sample.ToCharArray();
        for (var at = Start(i % samples.Length); at < line.Length; at++)
            if (line[at] is >= '1' and <= '9') line[at] = (char)('1' + random.Next(9));
        return new string(line);
    }

    readonly Dictionary<int, int> starts = [];

    int Start(int sample)
    {
        if (!starts.TryGetValue(sample, out var start)) starts[sample] = start = ReadHeader.Of(Encoding.UTF8.GetBytes(samples[sample])).MessageStart;
        return start;
    }
}
