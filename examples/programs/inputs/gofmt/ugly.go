package   main
import ("fmt";"os"
  "strings")
type T struct{ A int `json:"a"`
 LongName   string // comment
  b []map[string]func(int)(error) }
func   (t *T)Do(x,y int,rest ...string)(n int,err error){
if x>y{ return x-y ,nil } else if x==y { goto end }
for i:=0;i<10;i++{ switch{case i%2==0: fmt.Println( i )
 default: defer func(){ _=recover() }() } }
end: var a=[...]int{1,2,
3}
_ = a[1:2:3] ; ch:=make(chan<- int,3) ;go func( ){ ch<-1 }()
select{ case ch<-2: default: }
return len(strings.Join(rest,",")),os.ErrExist}
func main( ){ t:=&T{A:1,LongName:"x"}; t.Do(1,2,"a","b") ;var m=map[string]int{"one":1,"three":3}
fmt.Println(m,1<<3|4&^1) }
