using System.Text.RegularExpressions;

namespace Conventions.Database;

public sealed partial class Migrations
{
    [Fact]
    public void Migrations_are_numbered_without_gaps() => Violation.None(Check(
        Repository.Files.Select(f => f.Path).Where(p => p.StartsWith("db/migrations/", StringComparison.Ordinal) && !p.EndsWith(".md", StringComparison.Ordinal))));

    [Theory]
    [InlineData("0001_a.sql 0002_b.sql", 0)]
    [InlineData("0001_a.sql 0003_b.sql", 1)]
    [InlineData("0002_a.sql", 1)]
    [InlineData("0001_a.sql 0001_b.sql", 1)]
    [InlineData("0001_a.sql 2_b.sql", 1)]
    [InlineData("0001_Tokens.sql", 1)]
    public void A_gap_or_a_wrong_name_is_found(string names, int violations) =>
        Assert.Equal(violations, Check(names.Split(' ').Select(n => "db/migrations/" + n)).Count());

    static IEnumerable<Violation> Check(IEnumerable<string> paths)
    {
        var expected = 1;
        foreach (var path in paths.Order(StringComparer.Ordinal))
        {
            var name = Name().Match(path);
            if (!name.Success)
                yield return new Violation(path, 1, "a migration is named like 0001_tasks.sql");
            else if (name.Groups["number"].Value != $"{expected:0000}")
                yield return new Violation(path, 1, $"migrations are numbered without gaps or doubles: {expected:0000} is next");
            expected++;
        }
    }

    [GeneratedRegex(@"^db/migrations/(?<number>\d{4})_[a-z0-9_]+\.sql$")]
    private static partial Regex Name();
}
