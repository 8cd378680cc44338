create table emp(id integer primary key, name text, dept int, pay real);
with recursive n(i) as (values(1) union all select i+1 from n where i<20000)
insert into emp select i, printf('emp%05d', i), i%17, round(1000+abs(sin(i))*5000,2) from n;
create index e_dept on emp(dept, pay);
select dept, count(*), round(avg(pay),3), max(name) from emp group by dept having avg(pay)>4170 order by 3 desc limit 5;
select name, pay, rank() over (partition by dept order by pay desc) r from emp where dept=3 order by pay desc limit 4;
create virtual table doc using fts5(body);
insert into doc select name||' works in dept '||dept||case when id%1000=0 then ' zebra' else '' end from emp where id<=5000;
select count(*), min(rowid), max(rowid) from doc where doc match 'zebra AND dept';
select json_group_array(json_object('d',dept,'n',n)) from (select dept, count(*) n from emp where id<100 group by dept order by dept limit 3);
begin; delete from emp where id%3=0; select changes(), count(*) from emp; rollback; select count(*) from emp;
create table r(a unique); insert into r values(1);
insert into r values(1);
explain query plan select * from emp where dept=5 and pay>2000;
select hex(zeroblob(4)), quote(x'00ff'), 5/2, 5/2.0, 7%3, 'a'||'b', typeof(1e400), strftime('%Y-%m-%d', 0, 'unixepoch');
pragma integrity_check;
