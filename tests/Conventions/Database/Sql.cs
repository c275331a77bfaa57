using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;

namespace Conventions.Database;

/// <summary>How SQL is written: lower case, and time comes in as <c>@now</c>.</summary>
public sealed partial class Sql
{
    /// <summary>Who may ask the database for its time, and why; everybody else asks <c>TimeProvider</c>.</summary>
    static readonly Dictionary<string, string> MayAsk = new()
    {
        ["src/Engine/Database/DatabaseTime.cs"] = "it is the TimeProvider",
        ["src/Engine/Database/MigrateDatabase.cs"] = "it runs before the clock is measured",
    };

    [Fact]
    public void Sql_files_are_lower_case() => Violation.None(SqlFiles("db").SelectMany(CheckCase));

    [Fact]
    public void Sql_never_asks_for_the_time() => Violation.None(
        [.. SqlFiles("db/migrations").SelectMany(CheckTime), .. Repository.CSharp("src").Where(f => !MayAsk.ContainsKey(f.Path)).SelectMany(CheckTimeInStrings)]);

    [Fact]
    public void Money_columns_are_numeric_with_eight_or_twelve_places() => Violation.None(SqlFiles("db/migrations").SelectMany(CheckMoney));

    [Theory]
    [InlineData("SELECT 1;", true)]
    [InlineData("select Name from a;", true)]
    [InlineData("do $$ begin Raise notice 'x'; end $$;", true)]
    [InlineData("select 'It''s ME' as \"Name\"; -- A comment\n/* Another */ select 1;", false)]
    public void Upper_case_is_found_outside_of_texts_and_comments(string sql, bool found) =>
        Assert.Equal(found, CheckCase(new SourceFile("db/migrations/0001_a.sql", sql)).Any());

    [Theory]
    [InlineData("create table a (at timestamptz default now());", true)]
    [InlineData("select current_timestamp;", true)]
    [InlineData("select clock_timestamp ();", true)]
    [InlineData("select known(), @now; -- never now()", false)]
    public void The_clock_of_the_database_is_found(string sql, bool found)
    {
        Assert.Equal(found, CheckTime(new SourceFile("db/migrations/0001_a.sql", sql)).Any());
        Assert.Equal(found, CheckTimeInStrings(new SourceFile("src/A.cs", $"class A {{ const string Sql = \"\"\"\n{sql}\n\"\"\"; }}")).Any());
    }

    [Theory]
    [InlineData("cost_usd double precision not null", true)]
    [InlineData("cost_usd numeric not null", true)]
    [InlineData("cost_usd numeric(20, 8) not null", true)]
    [InlineData("cost_usd numeric(18, 8) not null check (cost_usd >= 0)", false)]
    [InlineData("prompt_usd numeric(20, 12) not null", false)]
    [InlineData("from a where cost_usd between 1 and 2", false)]
    public void Money_of_another_type_is_found(string sql, bool found) =>
        Assert.Equal(found, CheckMoney(new SourceFile("db/migrations/0001_a.sql", sql)).Any());

    static IEnumerable<SourceFile> SqlFiles(string folder) => Repository.Files.Where(f =>
        f.Path.StartsWith(folder + "/", StringComparison.Ordinal) && f.Path.EndsWith(".sql", StringComparison.Ordinal));

    static IEnumerable<Violation> CheckCase(SourceFile file) =>
        UpperCase().Matches(Bare(file.Text, texts: true)).Select(m => file.At(m.Index, $"SQL is lower case, is {m.Value}"));

    static IEnumerable<Violation> CheckTime(SourceFile file) =>
        Now().Matches(Bare(file.Text, texts: true)).Select(m => file.At(m.Index, $"time comes in as a parameter, not from {m.Value}"));

    static IEnumerable<Violation> CheckTimeInStrings(SourceFile file) =>
        from token in file.Root.DescendantTokens()
        where token.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.SingleLineRawStringLiteralToken
            or SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.InterpolatedStringTextToken
        let match = Now().Match(Bare(token.ValueText, texts: false))
        where match.Success
        select file.At(token.SpanStart, $"SQL takes @now and never calls {match.Value}");

    static IEnumerable<Violation> CheckMoney(SourceFile file) =>
        from Match match in MoneyColumn().Matches(Bare(file.Text, texts: true))
        where match.Groups["type"].Value is not ("numeric(18, 8)" or "numeric(20, 12)") // the second for routing, where a token costs nano-dollars
        select file.At(match.Index, $"money is numeric(18, 8), in routing numeric(20, 12), is {match.Value}");

    /// <summary>Blanks comments, and where asked quoted texts and names, without moving anything.</summary>
    static string Bare(string sql, bool texts) => (texts ? NotCode() : Comment()).Replace(sql, m => NotNewline().Replace(m.Value, " "));

    [GeneratedRegex(@"--[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex("""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"[^"]*" """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex NotCode();

    [GeneratedRegex(@"[^\n]")]
    private static partial Regex NotNewline();

    [GeneratedRegex(@"\w*\p{Lu}\w*")]
    private static partial Regex UpperCase();

    [GeneratedRegex(@"\b(now|clock_timestamp|transaction_timestamp|statement_timestamp|timeofday)\s*\(\s*\)|\b(current_timestamp|current_date|current_time|localtime|localtimestamp)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Now();

    [GeneratedRegex(@"\b\w+_usd\s+(?<type>(numeric|decimal|double|real|float\w*|money|bigint|integer|int\w*|text)\b(\s*\([^)]*\))?)", RegexOptions.IgnoreCase)]
    private static partial Regex MoneyColumn();
}
